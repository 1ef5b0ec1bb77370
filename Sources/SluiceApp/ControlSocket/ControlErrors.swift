import Sluice

extension ControlError {
    /// What a command says of an error that an engine threw: one place, for a local and a remote caller alike.
    init(_ error: any Error) {
        switch error {
        case let error as ControlError: self = error
        case let error as QueueError:
            switch error {
            case .unknown: self = .unknown(error.description)
            case .wrongType, .usedByPipeline, .deletedRecently, .purgedRecently, .tooManyInFlight:
                self = .refused(error.description)
            case .full, .archiveFull, .diskFull: self = .failed(error.description)
            case .closed: self = .gone(error.description)
            }
        case is CancellationError: self = .gone("it was interrupted before it was done")
        default: self = .failed("\(error)")
        }
    }
}
