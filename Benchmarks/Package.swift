// swift-tools-version: 6.2

import PackageDescription

// A package of its own, so that no test run builds it.
let package = Package(
    name: "benchmarks",
    platforms: [.macOS(.v15)],
    products: [.executable(name: "bench", targets: ["Bench"])],
    dependencies: [.package(name: "sluice", path: "..")],
    targets: [
        .executableTarget(
            name: "Bench",
            dependencies: [
                .product(name: "Sluice", package: "sluice"),
                .product(name: "SluiceApp", package: "sluice"),
            ]
        )
    ]
)
