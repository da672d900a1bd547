//! Images against what they were made of, and bytes that are none.

use std::vec::Vec;

use proptest::prelude::*;

use super::*;

fn image() -> Image {
    Image::new(0x1_0004, [(0x1_0000, &[1, 2, 3][..]), (0x2_0fff, &[4, 5]), (0x9000, &[0; 64])])
        .unwrap()
}

#[test]
fn a_machine_begins_with_what_the_image_holds() {
    let machine = image().machine();
    assert_eq!((machine.pc, machine.step, machine.exit), (0x1_0004, 0, None));
    assert_eq!(machine.memory.read(0x1_0000), Some([1, 2, 3, 0]));
    assert_eq!(
        (machine.memory.read(0x2_0fff), machine.memory.read(0x2_1000)),
        (Some([4]), Some([5, 0]))
    );
}

#[test]
fn an_image_is_its_bytes() {
    let bytes = image().encode();
    assert_eq!(bytes.len(), 16 + 3 * RECORD_BYTES);
    assert_eq!(Image::decode(&bytes), Ok(image()));
    let two =
        Image::new(0x1_0004, [(0x2_0fff, &[4, 5][..]), (0x1_0000, &[1]), (0x1_0000, &[1, 2, 3])]);
    assert_eq!(two.unwrap().encode(), bytes);
}

#[test]
fn what_is_no_image_is_refused() {
    let bytes = image().encode();
    assert_eq!(Image::decode(&[]), Err(ImageError::Magic));
    assert_eq!(Image::decode(&bytes[1..]), Err(ImageError::Magic));
    assert_eq!(Image::decode(&bytes[..12]), Err(ImageError::Length));
    assert_eq!(Image::decode(&bytes[..bytes.len() - 1]), Err(ImageError::Length));
    let swapped: Vec<u8> =
        [&bytes[..16], &bytes[16 + RECORD_BYTES..], &bytes[16..16 + RECORD_BYTES]].concat();
    assert_eq!(Image::decode(&swapped), Err(ImageError::Order(0x10)));
    let mut beyond = bytes.clone();
    beyond[16 + 2 * RECORD_BYTES] = 1;
    assert!(matches!(Image::decode(&beyond), Err(ImageError::Order(_))));
    let mut empty = bytes[..16 + RECORD_BYTES].to_vec();
    empty[20..].fill(0);
    assert_eq!(Image::decode(&empty), Err(ImageError::Empty(0x10)));
    let address = MEMORY_BYTES - 1;
    assert_eq!(
        Image::new(0, [(address, &[1, 2][..])]),
        Err(ImageError::Beyond { address, length: 2 })
    );
}

proptest! {
    #[test]
    fn any_bytes_are_an_image_or_none(bytes in prop::collection::vec(any::<u8>(), 0..9_000)) {
        let mut all = MAGIC.to_vec();
        all.extend(bytes);
        if let Ok(image) = Image::decode(&all) {
            prop_assert_eq!(image.encode(), all);
        }
    }
}
