import ArgumentParser
import Sluice

struct BucketCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "bucket", abstract: "The buckets and the objects in them.",
        subcommands: [BucketListCommand.self, BucketShowCommand.self], defaultSubcommand: BucketListCommand.self,
        aliases: ["buckets"])
}

struct BucketListCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "ls", abstract: "All buckets, or the objects of one, one a line.", aliases: ["list"])

    @Argument(help: "The bucket whose objects are listed, by key.", completion: NameCompletion.buckets)
    var bucket: String?

    @Option(help: "Only objects whose keys begin so.")
    var prefix = ""

    @OptionGroup var common: CommonOptions

    mutating func validate() throws {
        if bucket == nil, !prefix.isEmpty { throw ValidationError("--prefix is for the objects of a bucket: name it.") }
    }

    mutating func run() async throws {
        let context = try CommandContext(common)
        guard let bucket else { return try await listBuckets(context) }
        let prefix = prefix
        // It prints page by page.
        try await context.withControl(use: .lasting) { control in
            var after: String?
            repeat {
                let page = try await control.objects(ObjectSelection(bucket: bucket, prefix: prefix, after: after))
                BucketText(time: context.time).print(page, context, isFirst: after == nil)
                after = page.last?.object.key
            } while after != nil
        }
    }

    private func listBuckets(_ context: CommandContext) async throws {
        let buckets = try await context.withControl { try await $0.buckets(named: nil) }
        if context.json {
            context.print(documents: buckets.map(BucketDocument.init))
        } else if buckets.isEmpty {
            context.note("no buckets yet")
        } else {
            context.print(BucketText(time: context.time).table(buckets))
        }
    }
}

struct BucketShowCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "show", abstract: "One bucket, or one object of it.")

    @Argument(help: "The bucket.", completion: NameCompletion.buckets)
    var bucket: String

    @Argument(help: "The key of an object.")
    var key: String?

    @OptionGroup var common: CommonOptions

    mutating func run() async throws {
        let context = try CommandContext(common)
        let (bucket, key) = (bucket, key)
        guard let key else {
            let buckets = try await context.withControl { try await $0.buckets(named: bucket) }
            if context.json { return context.print(documents: buckets.map(BucketDocument.init)) }
            return context.print(buckets.flatMap(BucketText(time: context.time).lines(of:)))
        }
        let found = try await context.withControl { control in
            try await control.objects(ObjectSelection(bucket: bucket, prefix: key, limit: 1))
        }
        guard let object = found.first, object.object.key == key else {
            throw CommandFailure(
                .usage,
                "there is no object '\(key)' in '\(bucket)'; see `\(context.application.name) bucket ls \(bucket)`")
        }
        if context.json { return context.print(document: ObjectDocument(object)) }
        context.print(BucketText(time: context.time).lines(of: object))
    }
}
