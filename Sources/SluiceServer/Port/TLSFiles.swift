import NIOSSL
import Sluice

/// A certificate with those that signed it, and its key: two files in PEM.
package struct TLSFiles: Sendable {
    let certificate: String
    let key: String

    package init(certificate: String, key: String) {
        self.certificate = certificate
        self.key = key
    }

    /// - Throws: `ControlError.refused` when they cannot be read, or do not belong together.
    func context() throws -> NIOSSLContext {
        do {
            let certificates = try NIOSSLCertificate.fromPEMFile(certificate).map {
                NIOSSLCertificateSource.certificate($0)
            }
            let key = try NIOSSLPrivateKey(file: key, format: .pem)
            var configuration = TLSConfiguration.makeServerConfiguration(
                certificateChain: certificates, privateKey: .privateKey(key))
            configuration.minimumTLSVersion = .tlsv12
            configuration.applicationProtocols = ["http/1.1"]
            return try NIOSSLContext(configuration: configuration)
        } catch {
            throw ControlError.refused(
                "the certificate '\(certificate)' and the key '\(key)' cannot be used: \(error); both have to be PEM files, "
                    + "and the key that of the certificate")
        }
    }
}
