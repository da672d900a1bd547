//! Turns the `.proto` files into Rust without `protoc`: protox parses them, tonic's generator writes them.

use std::{env, error::Error, path::PathBuf};

fn main() -> Result<(), Box<dyn Error>> {
    println!("cargo:rerun-if-changed=braid");
    let descriptors = protox::compile(["braid/sequencer/v1/sequencer.proto"], ["."])?;
    let out = PathBuf::from(env::var("OUT_DIR")?);
    tonic_prost_build::configure()
        .bytes(".")
        .file_descriptor_set_path(out.join("descriptors.bin"))
        .compile_fds(descriptors)?;
    Ok(())
}
