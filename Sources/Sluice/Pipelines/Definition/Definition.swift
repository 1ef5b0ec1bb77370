/// One pipeline as it was defined: the value, and what the file said about it.
package struct Definition: Sendable {
    package var pipeline: Pipeline
    package var marks: DefinitionMarks
    /// What the file holds that must not be shown.
    package var secrets = Secrets()

    /// A pipeline that was built in Swift.
    package init(of pipeline: Pipeline) {
        self.init(pipeline: pipeline, marks: DefinitionMarks(start: .pipeline(pipeline.name)))
    }

    init(pipeline: Pipeline, marks: DefinitionMarks, secrets: Secrets = Secrets()) {
        self.pipeline = pipeline
        self.marks = marks
        self.secrets = secrets
    }

    /// The file that it stands in, as it was named; `nil` = it was built in Swift.
    package var file: String? {
        if case .file(let path, _, _) = marks.start { path } else { nil }
    }

    /// False for a key that could not be read, or that is not known without the secrets.
    func knows(_ path: String) -> Bool { !marks.unread.contains(path) }

    /// False when `--no-secrets` left something unknown: such a pipeline is fit for a check, not for a run.
    package var isComplete: Bool { marks.unread.isEmpty }
}

/// What one document came to.
package struct DefinitionReadResult: Sendable {
    /// With placeholders where a mistake is.
    package var definition: Definition
    package var findings = DefinitionFindings()
}

extension Definition {
    /// Reads one document: every mistake at once, in no particular order.
    /// - Parameter root: the folder of the file, for relative paths.
    package static func read(
        _ node: DefinitionNode, variables: DefinitionVariables, root: String?
    ) -> DefinitionReadResult {
        var reading = DefinitionReading(variables: variables, start: node.place)
        var document = DefinitionKeys.document.prototype
        if let read = DefinitionKeys.document.read(node, onto: document, &reading) { document = read }
        document.pipeline.root = root
        let definition = Definition(pipeline: document.pipeline, marks: reading.marks, secrets: reading.secrets)
        var result = DefinitionReadResult(definition: definition)
        result.findings.mistakes = reading.mistakes
        // A file of another version, or that is no map at all, has one mistake: the rest would be guessing.
        if let version = reading.marks.place(ofKey: "sluice"), reading.marks.unread.contains("sluice") {
            result.findings.mistakes = reading.mistakes.filter {
                $0.place == reading.marks.place(of: "sluice") || $0.place == version
            }
        } else if !reading.marks.unread.contains("") {
            var check = DefinitionCheck(marks: reading.marks)
            DefinitionKeys.document.check(document, &check)
            result.findings.add(check.findings)
        }
        return result
    }

    /// What is wrong between pipelines that run together: names and queues that clash.
    package static func clashes(among definitions: [Definition]) -> [DefinitionMistake] {
        PipelineSetRules.check(definitions)
    }

    /// The jq program as it is written, and where; `nil` = there is none, or it could not be read.
    package var jq: (text: String, place: DefinitionPlace)? {
        guard let jq = pipeline.transform?.jq, knows("transform"), knows("transform.jq") else { return nil }
        return (jq, marks.place(of: "transform.jq"))
    }

    /// What runs the handler, and where that is written; `nil` = there is no handler, or it could not be read, or there
    /// is no such runtime.
    package var runtime: (text: String, place: DefinitionPlace)? {
        guard case .handler(_, let runtime, _) = pipeline.transform?.kind, KeyType.isRuntime(runtime),
            knows("transform"), knows("transform.runtime"), knows("transform.code")
        else { return nil }
        return (runtime, marks.place(of: "transform.runtime"))
    }

    /// The handler, and where it is written; `nil` = there is none, or it could not be read, or is none.
    package var handler: (text: String, place: DefinitionPlace)? {
        guard let handler = pipeline.transform?.handler, KeyType.isHandler(handler), knows("transform"),
            knows("transform.handler"), knows("transform.code")
        else { return nil }
        return (handler, marks.place(of: "transform.handler"))
    }

    /// Where the code folder is written; `nil` = it is not, or could not be read.
    package var codePlace: DefinitionPlace? {
        guard pipeline.transform?.code?.isEmpty == false, knows("transform"), knows("transform.code")
        else { return nil }
        return marks.place(of: "transform.code")
    }

    /// The mistake of naming a Swift function that the app does not have; `nil` = it has it.
    package func unknownFunction(among registered: [String]) -> DefinitionMistake? {
        guard let function = pipeline.transform?.function, !function.isEmpty, knows("transform"),
            knows("transform.function"), !registered.contains(function)
        else { return nil }
        let near = NearestName.to(function, among: registered).map { "did you mean '\($0)'?" }
        let all = registered.isEmpty ? "this program has none" : "it has \(registered.sorted().joined(separator: ", "))"
        return DefinitionMistake(
            at: marks.place(of: "transform.function"),
            "transform.function: there is no Swift function \(Quoting.quote(function)) in this program",
            expected: near ?? all)
    }
}

extension Pipeline {
    /// What is wrong with a pipeline that was built in Swift: the same ranges, rules and words as for a file, with
    /// the pipeline's name in place of the file's.
    public func validate() -> DefinitionFindings {
        var check = DefinitionCheck(marks: DefinitionMarks(start: .pipeline(name)))
        DefinitionKeys.document.check(DefinitionKeys.Document(pipeline: self), &check)
        return check.findings
    }
}

extension [Pipeline] {
    /// What is wrong with pipelines that run together, each by itself and between them.
    public func validate() -> DefinitionFindings {
        var findings = DefinitionFindings()
        for pipeline in self { findings.add(pipeline.validate()) }
        findings.mistakes += Definition.clashes(
            among: map { Definition(of: $0) })
        return findings
    }
}
