//! Compiles the protobuf with `protox`, so that building needs no `protoc` on the machine.

const FILES: [&str; 4] = [
    "slipway/agent/v1/enrollment.proto",
    "slipway/agent/v1/session.proto",
    "slipway/agent/v1/artifact.proto",
    "slipway/agent/v1/export.proto",
];

fn main() -> Result<(), Box<dyn std::error::Error>> {
    for file in FILES {
        println!("cargo:rerun-if-changed={file}");
    }
    let descriptors = protox::compile(FILES, ["."])?;
    tonic_prost_build::configure()
        .bytes(".slipway.agent.v1.PackFrame")
        .bytes(".slipway.agent.v1.ExportPiece")
        .bytes(".slipway.agent.v1.LogLine")
        .compile_fds(descriptors)?;
    Ok(())
}
