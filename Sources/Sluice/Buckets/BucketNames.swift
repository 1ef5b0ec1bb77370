/// What buckets and the objects in them may be called: S3's rules.
public enum BucketNames {
    /// Why `name` cannot be a bucket's; `nil` = it can.
    public static func problem(of name: String) -> String? {
        guard Limits.bucketName.now.contains(name.utf8.count) else {
            return "has \(name.utf8.count) characters; a bucket's name has \(Limits.bucketName.now.lowerBound) to "
                + "\(Limits.bucketName.now.upperBound)"
        }
        if let wrong = name.unicodeScalars.first(where: { !isAllowed($0) }) {
            return "has the character \(Quoting.quote(String(wrong)))"
        }
        guard let first = name.utf8.first, let last = name.utf8.last, first.isLetterOrDigit, last.isLetterOrDigit else {
            return "does not begin and end with a letter or a digit"
        }
        return name.contains("..") ? "has two dots side by side" : nil
    }

    /// Why `key` cannot be an object's; `nil` = it can. Any text can: it is never taken apart.
    public static func problem(ofKey key: String) -> String? {
        if key.isEmpty { return "is empty" }
        let longest = Limits.objectKey.now.upperBound
        return key.utf8.count > longest ? "has \(key.utf8.count) bytes; an object's key has at most \(longest)" : nil
    }

    private static func isAllowed(_ scalar: Unicode.Scalar) -> Bool {
        guard scalar.isASCII else { return false }
        let byte = UInt8(ascii: scalar)
        return byte.isLetterOrDigit || byte == UInt8(ascii: "-") || byte == UInt8(ascii: ".")
    }
}

extension UInt8 {
    fileprivate var isLetterOrDigit: Bool {
        (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(self) || (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(self)
    }
}
