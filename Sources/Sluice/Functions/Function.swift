/// A Swift function that an app registers by name, so that a definition in YAML can name it too.
public struct Function: Sendable {
    public let name: String
}
