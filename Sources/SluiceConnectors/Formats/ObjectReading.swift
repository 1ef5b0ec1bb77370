package import Sluice

/// An object that is read on a thread that may block.
package actor ObjectReading: ObjectRecords {
    private let executor: BlockingExecutor
    private var reader: ObjectRecordReader?
    private let make: @Sendable () throws -> ObjectRecordReader

    package nonisolated var unownedExecutor: UnownedSerialExecutor { executor.asUnownedSerialExecutor() }

    /// - Parameters:
    ///   - path: the file with the object's bytes. Opened at the first `next`.
    ///   - key: the object's, for what its name says of its format.
    package init(path: String, key: String, _ pipeline: Pipeline, from position: SourcePosition?) {
        executor = BlockingExecutor(label: "sluice-object")
        let (source, longest) = (pipeline.source, pipeline.maxRecord.bytes)
        make = {
            try ObjectRecordReader(
                { try FileSource(path: path, from: $0) }, key: key, source, maxRecord: longest, from: position)
        }
    }

    package func next(records: Int, bytes: Int) throws -> SplitBatch {
        let reader = try reader ?? make()
        self.reader = reader
        return try reader.next(records: records, bytes: bytes)
    }

    package func close() { reader = nil }
}
