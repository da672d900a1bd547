//! Words, limbs and windows of the same numbers agree.

use proptest::prelude::*;

use super::*;

proptest! {
    #[test]
    fn rows_become_columns(rows: [[u64; 8]; 8]) {
        let Some(cpu) = Cpu::detect() else { return Ok(()) };
        let columns = transpose(each!(8, i => cpu.load(&rows[i])));
        for (i, column) in columns.iter().enumerate() {
            prop_assert_eq!(column.store(), core::array::from_fn(|lane| rows[lane][i]));
        }
    }

    #[test]
    fn limbs_and_windows_are_those_of_the_words(words: [[u64; 8]; 4], at in 0_usize..255, bits in 1_usize..20) {
        let Some(cpu) = Cpu::detect() else { return Ok(()) };
        let limbs = limbs_from_words(each!(4, i => cpu.load(&words[i])));
        prop_assert!(limbs.iter().all(|limb| limb.store().iter().all(|&limb| limb <= M52)));
        let back = words_from_limbs(limbs);
        prop_assert_eq!(each!(4, i => back[i].store()), words);
        prop_assert_eq!(first_lane(limbs), core::array::from_fn(|i| words[i][0]));
        let window = window(&limbs, at, bits).store();
        for (lane, window) in window.into_iter().enumerate() {
            let bit = |at: usize| words.get(at / 64).map_or(0, |word| word[lane] >> (at % 64) & 1);
            let expected = (0..bits).fold(0, |sum, i| sum | (bit(at + i) << i));
            prop_assert_eq!(window, expected);
        }
    }
}
