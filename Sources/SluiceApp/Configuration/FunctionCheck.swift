import Foundation
import Sluice
import SluiceFunctions

/// Asks what will run a function whether it can.
enum FunctionCheck {
    static func mistakes(in definition: Definition) async -> [DefinitionMistake] {
        await mistakesInJQ(definition) + mistakesOfHandler(definition)
    }

    private static func mistakesOfHandler(_ definition: Definition) async -> [DefinitionMistake] {
        if let mistake = missingFolder(definition) { return [mistake] }
        guard let (runtime, place) = definition.runtime else { return [] }
        let code = definition.pipeline.codeFolder ?? "."
        if let found = await HandlerCheck.problem(with: runtime, code: code) {
            return [DefinitionMistake(at: place, "transform.runtime: \(found.problem)", expected: found.remedy)]
        }
        guard let (handler, place) = definition.handler,
            let missing = await HandlerModule(
                handler, runtime: runtime, code: code,
                environment: definition.pipeline.transform?.environment ?? [:]
            ).missing()
        else { return [] }
        return [
            DefinitionMistake(
                at: place, "transform.handler: the module of '\(handler)' is not there: no \(missing) in '\(code)'",
                expected: "expected `module.function` with a module in the code folder; 'code' names another folder")
        ]
    }

    private static func missingFolder(_ definition: Definition) -> DefinitionMistake? {
        guard let place = definition.codePlace, let code = definition.pipeline.codeFolder else { return nil }
        var isFolder: ObjCBool = false
        if FileManager.default.fileExists(atPath: code, isDirectory: &isFolder), isFolder.boolValue { return nil }
        return DefinitionMistake(
            at: place, "transform.code: there is no folder '\(code)'", expected: "expected the folder of the code")
    }

    private static func mistakesInJQ(_ definition: Definition) async -> [DefinitionMistake] {
        guard let (jq, place) = definition.jq else { return [] }
        let source = JQSource(jq, of: definition.pipeline)
        do {
            let program = try source.read()
            let text = JQText(source, program, writtenAt: place)
            return try await JQCheck.mistakes(in: program).map { mistake in
                DefinitionMistake(
                    at: text.place(of: mistake), "transform.jq: \(mistake.problem)",
                    expected: mistake.remedy ?? "expected a jq program (https://jqlang.org/manual)")
            }
        } catch {
            return [
                DefinitionMistake(
                    at: place, "transform.jq: \(error)", expected: "expected a jq program, or a file with one")
            ]
        }
    }
}

/// Where the lines of a jq program stand in files.
private struct JQText {
    /// The first line of the program.
    private enum Start {
        /// In a file at this line, so many characters further right than in the program.
        case line(String, Int, column: Int)
        /// It is not known where its lines are: quoted over several lines, or folded.
        case unknown
    }

    private let start: Start
    private let place: DefinitionPlace

    init(_ source: JQSource, _ program: String, writtenAt place: DefinitionPlace) {
        self.place = place
        switch source {
        case .file(let path): start = .line(path, 1, column: 0)
        case .inline: start = Self.start(ofInline: program, at: place)
        }
    }

    /// `jq: |` begins on the line below, `jq: .a` and `jq: '.a'` where they are written.
    private static func start(ofInline program: String, at place: DefinitionPlace) -> Start {
        guard case .file(let path, let line, let column) = place,
            case .success(let bytes) = RegularFile.read(path, limit: YAMLText.largest)
        else { return .unknown }
        let lines = String(decoding: bytes, as: UTF8.self).split(
            omittingEmptySubsequences: false, whereSeparator: \.isNewline)
        guard lines.indices.contains(line - 1) else { return .unknown }
        let written = lines[line - 1].unicodeScalars.dropFirst(column - 1)
        if written.first == "|", lines.indices.contains(line) {
            // The least indentation of its lines is not part of it.
            let ends = program.utf8.count { $0 == UInt8(ascii: "\n") }
            let count = program.hasSuffix("\n") ? ends : ends + 1
            let indentation = lines[line...].prefix(count).filter { !$0.allSatisfy(\.isWhitespace) }
                .map { $0.prefix { $0 == " " }.count }.min()
            return .line(path, line + 1, column: indentation ?? 0)
        }
        let isQuoted = written.first == "'" || written.first == "\""
        guard written.dropFirst(isQuoted ? 1 : 0).starts(with: program.unicodeScalars) else { return .unknown }
        return .line(path, line, column: column - 1 + (isQuoted ? 1 : 0))
    }

    func place(of mistake: JQMistake) -> DefinitionPlace {
        guard case .line(let path, let first, let column) = start, let line = mistake.line else { return place }
        return .file(path, line: first + line - 1, column: column + (mistake.column ?? 1))
    }
}
