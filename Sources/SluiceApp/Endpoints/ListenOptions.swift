import ArgumentParser

/// Where clients of AWS's services reach a run, and who may ask there.
struct ListenOptions: ParsableArguments {
    @Option(
        help: """
            Where clients of AWS's services reach it: HOST:PORT (port 0 = any that is free), or off. Else SLUICE_LISTEN, \
            127.0.0.1:4566; with --until-idle any free port.
            """)
    var listen: String?

    @Flag(
        name: .customLong("no-auth"),
        help: "Let everybody in who reaches it, on an address that is not loopback too; signatures are not verified.")
    var noAuth = false

    @Option(help: "Speak TLS with this certificate (PEM, with those that signed it).", completion: .file())
    var cert: String?

    @Option(help: "The key of --cert (PEM).", completion: .file())
    var key: String?

    mutating func validate() throws {
        if (cert == nil) != (key == nil) { throw ValidationError("--cert and --key go together.") }
    }
}
