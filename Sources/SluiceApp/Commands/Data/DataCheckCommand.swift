import ArgumentParser
import Foundation
import Sluice

struct DataCheckCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "check", abstract: "Check what is stored, checksums and ledger included (exit 4); repair it.",
        discussion: """
            While a process has the folder open, only the ledger is checked.

            --repair makes a new store of all that is as it was written. What is not is left out, never made up: the \
            ledger counts such messages as lost, and damaged/TIME in the folder keeps the files of before, with what can \
            be read of each in lost.jsonl. It needs room for another copy of the store, and no process in the folder.
            """)

    @OptionGroup var common: CommonOptions
    @Flag(help: "Repair what is damaged, without what cannot be read.")
    var repair = false

    private struct Document: Encodable {
        var folder: String
        var structureChecked: Bool
        var problems: [String]
    }

    mutating func run() async throws {
        let context = try CommandContext(common)
        let folder = try context.dataFolder()
        if repair { return try await DataRepair(context: context).run(folder.path) }
        var problems: [String] = []
        var structureChecked = true
        do {
            problems = try await context.application.assembly.check(folder: folder.path, logger: context.logger)
        } catch let error as ControlError {
            switch error {
            case .busy: structureChecked = false
            case .damaged(let text): problems = [text]
            default: throw error
            }
        }
        if problems.isEmpty {
            let report = try await context.withControl { try await $0.status(pipeline: nil) }
            problems = report.discrepancies
            if problems.isEmpty, report.exitStatus == .damaged {
                problems = ["the ledger does not add up: see `status`"]
            }
        }
        try report(problems, structureChecked, folder.path, context)
    }

    private func report(
        _ problems: [String], _ structureChecked: Bool, _ folder: String, _ context: CommandContext
    ) throws {
        if context.json {
            context.print(document: Document(folder: folder, structureChecked: structureChecked, problems: problems))
        } else {
            context.print(problems.isEmpty ? ["\(folder): no problem found; the ledger adds up"] : problems)
        }
        if !problems.isEmpty, structureChecked {
            context.note("`data check --repair` keeps what is whole, and puts the rest into 'damaged' in the folder")
        }
        if !structureChecked { context.note("a process uses the folder: only its ledger was checked") }
        if !problems.isEmpty { throw CommandFailure(.damaged) }
    }
}

/// `data check --repair`.
private struct DataRepair {
    let context: CommandContext

    private struct Document: Encodable {
        var folder: String
        var problems: [String]
        var leftOut: [String]
        var lost: [String: Int]
        var aside: String?
        var remaining: [String]
    }

    func run(_ folder: String) async throws {
        let report = try await context.application.assembly.repair(folder: folder, logger: context.logger)
        if context.json {
            context.print(
                document: Document(
                    folder: folder, problems: report.problems, leftOut: report.leftOut, lost: report.lost,
                    aside: report.aside, remaining: report.remaining))
        } else {
            context.print(lines(report, folder))
        }
        if !report.remaining.isEmpty { throw CommandFailure(.damaged) }
    }

    private func lines(_ report: RepairReport, _ folder: String) -> [String] {
        guard let aside = report.aside else { return ["\(folder): no problem found; there is nothing to repair"] }
        if report.problems.isEmpty { return ["\(folder): the repair that was interrupted is done; see \(aside)"] }
        let lost = report.lost.sorted { $0.key < $1.key }.map { queue, count in
            "lost from '\(queue)': \(Numbers.grouped(count)) message\(count == 1 ? "" : "s")"
        }
        return ["was wrong:"] + report.problems.map { "  \($0)" }
            + ["left out:"] + (report.leftOut.isEmpty ? ["  nothing"] : report.leftOut.map { "  \($0)" })
            + (lost.isEmpty ? ["no message is lost"] : lost)
            + ["the files of before, and what can be read of the rest (lost.jsonl): \(aside)"]
            + (report.remaining.isEmpty
                ? ["\(folder) is whole; the ledger adds up"]
                : ["still wrong:"] + report.remaining.map { "  \($0)" })
    }
}
