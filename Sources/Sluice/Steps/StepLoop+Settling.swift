import Logging

/// Carrying out what a step decided, whatever the store answers.
extension StepLoop {
    /// Settles until it is done: nobody else can, and a message that is not settled stays in flight until the
    /// process ends.
    func settle(_ settlement: Settlement, receiving grant: StepControl.Grant?) async throws -> SettlementResult {
        var request = grant.map { ReceiveRequest(limit: $0.limit, holder: .step) }
        let backoff = Backoff(first: .milliseconds(100), max: .seconds(5), jitter: false)
        for attempt in 1... {
            do {
                return try await settler.settle(settlement, receiving: request)
            } catch let error as QueueError {
                if case .closed = error { throw error }
                logFailedSettlement(error, attempt)
            } catch {
                if Task.isCancelled { throw error }
                logFailedSettlement(error, attempt)
            }
            request = nil
            await sit(out: backoff.delay(afterReceive: attempt))
        }
        return SettlementResult(outcomes: [], next: [])
    }

    /// Waits, also while we shut down or are cancelled: a store that refuses at once would be asked without end. In a
    /// task of its own, which neither of them reaches.
    private func sit(out delay: Duration) async {
        await Task { do { try await Task.sleep(for: delay) } catch { return } }.value
    }

    private func logFailedSettlement(_ error: any Error, _ attempt: Int) {
        logger.error(
            "A settlement failed; its messages stay in flight until it succeeds",
            metadata: ["step": "\(step.name)", "attempt": "\(attempt)", "error": "\(error)"])
    }

    func report(
        _ outcomes: [SettlementResult.Outcome], of settlement: Settlement, _ messages: [ReceivedMessage]
    ) async throws {
        guard outcomes.count == messages.count else {
            logger.error(
                "A settler must answer once for every entry",
                metadata: ["step": "\(step.name)", "entries": "\(messages.count)", "answers": "\(outcomes.count)"])
            return
        }
        var gone = 0
        var failed: [(message: ReceivedMessage, reason: String)] = []
        for (index, outcome) in outcomes.enumerated() {
            switch outcome {
            case .settled:
                let disposition = settlement.entries[index].disposition
                if !disposition.returnsMessage { gone += 1 }
                if let failure = disposition.failure { note(failure, of: messages[index], disposition) }
            case .stale: break
            case .failed(let reason): failed.append((messages[index], reason))
            }
        }
        control.count(gone)
        await step.settled(messages, settlement, outcomes)
        if !failed.isEmpty { try await retry(failed) }
    }

    private func note(_ failure: Failure, of message: ReceivedMessage, _ disposition: Disposition) {
        var (level, outcome) = (Logger.Level.error, "it goes to the dead-letter queue")
        if case .retry(let delay, _) = disposition, message.receiveCount < plan.maxReceiveCount ?? .max {
            (level, outcome) = (.warning, "it is tried again in \(delay.formattedSeconds) s")
        }
        let identity = message.lineage.identity
        log.write(
            .step, level, "Record \(identity) failed at receive \(message.receiveCount): \(failure.reason); \(outcome)",
            fields: [
                LogEntry.recordField: .text(identity.text), "receiveCount": .number(Double(message.receiveCount)),
                "errorType": .text(failure.type ?? ""), "errorMessage": .text(failure.reason),
            ], records: RecordMarks(identity, name: message.lineage.name))
    }

    /// What could not be settled as it was decided is tried again as any other failure is: left alone it would stay
    /// in flight until the process ends.
    private func retry(_ failed: [(message: ReceivedMessage, reason: String)]) async throws {
        let dispositions = failed.map { message, reason in
            logger.error(
                "A record could not be settled; it is tried again",
                metadata: [
                    "step": "\(step.name)", "record": "\(message.lineage.identity)", "reason": "\(reason)",
                ])
            let failure = Failure(
                reason: "the settlement failed: \(reason)", type: "settlement", step: step.name.step, time: clock.now,
                version: control.version)
            return Disposition.retry(after: Backoff().delay(afterReceive: message.receiveCount), failure)
        }
        _ = try await settle(
            Settlement(
                queue: queue.name, step: step.name, of: failed.map(\.message), dispositions: dispositions,
                ordered: plan.ordered),
            receiving: nil)
    }
}
