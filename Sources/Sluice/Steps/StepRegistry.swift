import Synchronization

/// The controls of all steps that this process runs, for commands and the status.
package final class StepRegistry: Sendable {
    private let controls = Mutex<[StepName: StepControl]>([:])

    package init() {}

    /// A step of the same name that was there before is replaced: a reload.
    package func register(_ control: StepControl) { controls.withLock { $0[control.name] = control } }
    package func remove(_ name: StepName) { controls.withLock { $0[name] = nil } }

    package subscript(_ name: StepName) -> StepControl? { controls.withLock { $0[name] } }

    /// Those of one pipeline, or all of them (`nil`); one step of it, or all; by name.
    package func controls(pipeline: String? = nil, step: String? = nil) -> [StepControl] {
        let found = controls.withLock { controls in
            controls.values.filter { control in
                (pipeline == nil || control.name.pipeline == pipeline) && (step == nil || control.name.step == step)
            }
        }
        return found.sorted { $0.name.description < $1.name.description }
    }
}
