//! Makes an image of a linked program, and says what a contract has to know of it:
//! `image ELF IMAGE FACTS`. Strict: 64 bits, RISC-V, one entry, loadable segments alone count.
#![expect(clippy::print_stdout, reason = "it is a command")]

use std::{env, error::Error, fs};

use fault_proof::Image;

const HEADER_BYTES: usize = 64;
const SEGMENT_BYTES: usize = 56;
/// `e_ident`: ELF, 64 bits, little-endian, version 1.
const IDENT: [u8; 7] = [0x7f, b'E', b'L', b'F', 2, 1, 1];
const RISC_V: u64 = 243;
const EXECUTABLE: u64 = 2;
const LOADABLE: u64 = 1;

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let [elf, image, facts] = arguments.as_slice() else {
        return Err("usage: image ELF IMAGE FACTS".into());
    };
    let made = of_elf(&fs::read(elf)?)?;
    let mut machine = made.machine();
    let (root, state) = (machine.memory.root(), machine.hash());
    let text = format!(
        "{{\n  \"entry\": \"{:#x}\",\n  \"memoryRoot\": \"{root}\",\n  \"firstState\": \"{state}\"\n}}\n",
        machine.pc,
    );
    print!("{text}");
    fs::write(image, made.encode())?;
    fs::write(facts, text)?;
    Ok(())
}

fn of_elf(elf: &[u8]) -> Result<Image, Box<dyn Error>> {
    let header = elf.get(..HEADER_BYTES).ok_or("no header")?;
    let is_ours = header.starts_with(&IDENT)
        && number::<2>(header, 16)? == EXECUTABLE
        && number::<2>(header, 18)? == RISC_V
        && number::<2>(header, 54)? == SEGMENT_BYTES as u64;
    if !is_ours {
        return Err("no program for a RISC-V of 64 bits".into());
    }
    let first = usize::try_from(number::<8>(header, 32)?)?;
    let count = usize::try_from(number::<2>(header, 56)?)?;
    let mut parts = Vec::new();
    for place in (first..).step_by(SEGMENT_BYTES).take(count) {
        let segment =
            elf.get(place..place + SEGMENT_BYTES).ok_or("a segment's header is cut off")?;
        if number::<4>(segment, 0)? != LOADABLE {
            continue;
        }
        let from = usize::try_from(number::<8>(segment, 8)?)?;
        let length = usize::try_from(number::<8>(segment, 32)?)?;
        let bytes =
            elf.get(from..).and_then(|bytes| bytes.get(..length)).ok_or("a segment is cut off")?;
        parts.push((number::<8>(segment, 16)?, bytes));
    }
    Ok(Image::new(number::<8>(header, 24)?, parts)?)
}

fn number<const SIZE: usize>(bytes: &[u8], at: usize) -> Result<u64, Box<dyn Error>> {
    let mut number = [0; 8];
    number[..SIZE].copy_from_slice(bytes.get(at..at + SIZE).ok_or("cut off")?);
    Ok(u64::from_le_bytes(number))
}
