// swift-tools-version: 6.2

import PackageDescription

let package = Package(
    name: "orders",
    platforms: [.macOS(.v15)],
    products: [.executable(name: "orders", targets: ["Orders"])],
    dependencies: [
        // A package of your own would say `.package(url: …, from: …)` here.
        .package(name: "sluice", path: "../..")
    ],
    targets: [
        .executableTarget(
            name: "Orders",
            dependencies: [
                .product(name: "Sluice", package: "sluice"),
                .product(name: "SluiceApp", package: "sluice"),
            ]
        )
    ]
)
