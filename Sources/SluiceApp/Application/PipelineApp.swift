import Dispatch
public import Sluice
import SluiceFunctions

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// A program that is its own pipelines: the functions it registers, the pipelines it defines, and the command line of
/// `sluice` (`orders run`, `orders status`, …) under its own name.
///
/// ```swift
/// @main struct Orders: PipelineApp {
///     var functions: [Function] {
///         Function("order-row") { (order: Order, context) -> Outcome<OrderRow> in [OrderRow(order)] }
///     }
/// }
/// ```
///
/// `run` without a file runs `pipelines`; `run FILE` runs the definitions of the file, which may name `functions`.
public protocol PipelineApp: Sendable {
    init()

    /// The Swift functions that definitions may name. None by default.
    @ListBuilder<Function> var functions: [Function] { get }

    /// The pipelines that are written in Swift. None by default.
    @ListBuilder<Pipeline> var pipelines: [Pipeline] { get }
}

extension PipelineApp {
    public var functions: [Function] { [] }
    public var pipelines: [Pipeline] { [] }

    /// Runs the command line and ends the process with its exit code.
    ///
    /// Not `async`: a process of a function has given up what the thread pool would need.
    public static func main() {
        if let status = JQProcess.run(Array(CommandLine.arguments.dropFirst())) { exit(status) }
        Descriptors.prepare()
        Task { exit(await runCommandLine().rawValue) }
        dispatchMain()
    }

    private static func runCommandLine() async -> ExitStatus {
        let app = Self()
        let name = CommandLine.arguments.first?.split(separator: "/").last.map(String.init) ?? "sluice"
        let application = Application(
            name: name, functions: app.functions, pipelines: app.pipelines, assembly: EmbeddedAssembly(),
            console: .process())
        return await application.run(Array(CommandLine.arguments.dropFirst()))
    }
}

/// Writes a list without brackets and commas; a list with them works as well.
@resultBuilder public enum ListBuilder<Element> {
    public static func buildExpression(_ element: Element) -> [Element] { [element] }
    public static func buildExpression(_ elements: [Element]) -> [Element] { elements }
    public static func buildBlock(_ parts: [Element]...) -> [Element] { parts.flatMap { $0 } }
    public static func buildOptional(_ part: [Element]?) -> [Element] { part ?? [] }
    public static func buildEither(first: [Element]) -> [Element] { first }
    public static func buildEither(second: [Element]) -> [Element] { second }
    public static func buildArray(_ parts: [[Element]]) -> [Element] { parts.flatMap { $0 } }
}
