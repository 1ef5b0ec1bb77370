/// The suggestion behind "did you mean": the name with the fewest changes, if they are few enough to be a slip.
enum NearestName {
    static func to(_ name: String, in names: some Sequence<String>) -> String? {
        let allowed = max(1, name.count / 3)
        let best = names.map { (name: $0, distance: distance(name, $0)) }.min { $0.distance < $1.distance }
        guard let best, best.distance <= allowed else { return nil }
        return best.name
    }

    /// Insertions, removals and replacements of one letter each (Levenshtein).
    private static func distance(_ left: String, _ right: String) -> Int {
        let right = Array(right)
        var row = Array(0...right.count)
        for (index, letter) in left.enumerated() {
            var diagonal = row[0]
            row[0] = index + 1
            for column in right.indices {
                let replaced = diagonal + (letter == right[column] ? 0 : 1)
                diagonal = row[column + 1]
                row[column + 1] = min(replaced, row[column] + 1, diagonal + 1)
            }
        }
        return row[right.count]
    }
}
