import Foundation
import Sluice

/// What the data folder knows of a queue beside its messages: one row.
struct QueueRecord: Codable, Hashable {
    var name: String
    /// `nil` = unclaimed: a send made it, and no definition has named it yet.
    var type: QueueType?
    var role: QueueReport.Role
    var pipeline: String?
    /// The step that receives from it, for dead letters and for `status`.
    var step: String?
    var settings: QueueSettings
    /// The dead-letter queue, by full name.
    var deadLetterQueue: String?
    /// What is read from a raw record that enters here.
    var intake: Intake?
    /// How long raw copies of what enters here are kept; `nil` = none are.
    var archiveKeep: Duration?
    /// The last chunk that a claim still has to go through; `nil` = no claim is under way.
    var claimUntil: Int64?
    /// The last chunk that the claim has been through.
    var claimedThrough: Int64?
    /// When its step was paused or its breaker opened: the retention clock stands still since then.
    var standsStillSince: Timestamp?
    /// Its name went to another pipeline: it is there for its figures alone.
    var isRetired: Bool?
    /// How long the retention clock has stood still before that, in milliseconds.
    var stoodStill: Int64 = 0

    struct Intake: Codable, Hashable {
        var id: String?
        var group: String?
        var subject: [Subject]
        var maxRecord: Int

        struct Subject: Codable, Hashable {
            var kind: String
            var paths: [String]
            var normalise: [SubjectPath.Normalisation]
        }
    }

    /// Whether what was read from a row can be worked with.
    func check(storedAs name: String) throws(StoreDamage) {
        guard self.name == name else { throw StoreDamage("queue '\(name)' has the record of '\(self.name)'") }
        _ = try Timestamp(stored: stoodStill)
        _ = try Timestamp(stored: standsStillSince?.milliseconds ?? 0)
        for path in [intake?.id, intake?.group].compactMap(\.self) + (intake?.subject ?? []).flatMap(\.paths) {
            do {
                _ = try RecordPath(parsing: path)
            } catch {
                throw StoreDamage("queue '\(name)' reads at '\(path)', which is no path: \(error.message)")
            }
        }
    }

    /// Why the queue can never store such a body, whoever brings it; `nil` = it can.
    func refusal(of body: Bytes) -> String? {
        let most = intake?.maxRecord ?? 1 << 20
        if body.count > most { return "it has \(body.count) bytes, and \(most) are allowed" }
        return body.isEmpty ? "it is empty" : nil
    }

    static func unclaimed(_ name: String) -> QueueRecord {
        QueueRecord(name: name, type: nil, role: .other, settings: QueueSettings())
    }

    /// How long the retention clock has stood still up to `now`.
    func stoodStill(at now: Timestamp) -> Int64 {
        stoodStill + (standsStillSince.map { max(0, now.milliseconds - $0.milliseconds) } ?? 0)
    }
}
