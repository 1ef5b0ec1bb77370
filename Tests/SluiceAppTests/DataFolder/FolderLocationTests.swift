import Testing

@testable import SluiceApp

@Suite("Where the data folder is")
struct FolderLocationTests {
    private func find(
        flag: String? = nil, _ environment: [String: String] = [:], in folder: String = "/home/me/project/sub",
        mayCreate: Bool = false, existing: Set<String> = []
    ) throws -> FolderLocation {
        try FolderLocation.find(
            flag: flag, environment: environment, workingDirectory: folder, mayCreate: mayCreate,
            exists: existing.contains)
    }

    @Test("--data comes before SLUICE_DATA, that before STATE_DIRECTORY, that before a .sluice nearby")
    func order() throws {
        let all = ["SLUICE_DATA": "/b", "STATE_DIRECTORY": "/c:/d"]
        let existing: Set = ["/a", "/b", "/c", "/home/me/.sluice"]
        #expect(try find(flag: "/a", all, existing: existing).path == "/a")
        #expect(try find(all, existing: existing).path == "/b")
        #expect(try find(["STATE_DIRECTORY": "/c:/d"], existing: existing).path == "/c")
        #expect(try find(["SLUICE_DATA": ""], existing: existing).path == "/home/me/.sluice")
    }

    @Test("the nearest .sluice in or above the working directory is taken, up to the root")
    func nearest() throws {
        let existing: Set = ["/home/me/project/.sluice", "/.sluice"]
        #expect(try find(existing: existing).path == "/home/me/project/.sluice")
        #expect(try find(in: "/var", existing: existing).path == "/.sluice")
    }

    @Test("a relative folder is relative to the working directory")
    func relative() throws {
        #expect(try find(flag: "x", in: "/w", mayCreate: true).path == "/w/x")
    }

    @Test("only run and send make a folder; it is new when nobody named it")
    func creation() throws {
        #expect(
            try find(mayCreate: true) == FolderLocation(path: "/home/me/project/sub/.sluice", isNew: true))
        #expect(try find(flag: "/a", mayCreate: true) == FolderLocation(path: "/a", isNew: false))
        #expect(throws: CommandFailure.self) { try find() }
        #expect(throws: CommandFailure.self) { try find(flag: "/a") }
    }
}
