//! Each instruction against the same in plain Rust, lane by lane.

use proptest::prelude::*;

use super::*;

type Words = [u64; 8];

fn cpu() -> Option<Cpu> {
    let cpu = Cpu::detect();
    if cpu.is_none() {
        println!("SKIPPED: this CPU has no AVX-512 IFMA");
    }
    cpu
}

fn map2(a: &Words, b: &Words, f: impl Fn(u64, u64) -> u64) -> Words {
    core::array::from_fn(|i| f(a[i], b[i]))
}

fn mask(f: impl Fn(usize) -> bool) -> Mask {
    (0..8).fold(0, |mask, i| mask | (u8::from(f(i)) << i))
}

fn low(x: u64) -> u128 {
    u128::from(x & ((1 << 52) - 1))
}

fn arithmetic(cpu: Cpu, [a, b, c]: [&Words; 3]) {
    let [x, y, z] = [a, b, c].map(|w| cpu.load(w));
    assert_eq!(x.store(), *a);
    assert_eq!(cpu.zero().store(), [0; 8]);
    assert_eq!(cpu.splat(a[0]).store(), [a[0]; 8]);
    assert_eq!(x.plus(y).store(), map2(a, b, u64::wrapping_add));
    assert_eq!(x.minus(y).store(), map2(a, b, u64::wrapping_sub));
    assert_eq!(x.and(y).store(), map2(a, b, |a, b| a & b));
    assert_eq!(x.or(y).store(), map2(a, b, |a, b| a | b));
    assert_eq!(x.xor(y).store(), map2(a, b, |a, b| a ^ b));
    let product = |i: usize| low(b[i]) * low(c[i]);
    let lo = core::array::from_fn(|i| {
        a[i].wrapping_add(u64::try_from(product(i) & ((1 << 52) - 1)).unwrap())
    });
    let hi = core::array::from_fn(|i| a[i].wrapping_add(u64::try_from(product(i) >> 52).unwrap()));
    assert_eq!(x.madd_lo(y, z).store(), lo);
    assert_eq!(x.madd_hi(y, z).store(), hi);
    assert_eq!(x.xor3(y, z).store(), core::array::from_fn(|i| a[i] ^ b[i] ^ c[i]));
    assert_eq!(x.chi(y, z).store(), core::array::from_fn(|i| a[i] ^ (!b[i] & c[i])));
}

fn shifts(cpu: Cpu, a: &Words) {
    let x = cpu.load(a);
    assert_eq!(x.shl::<12>().store(), a.map(|a| a << 12));
    assert_eq!(x.shr::<52>().store(), a.map(|a| a >> 52));
    assert_eq!(x.sar::<52>().store(), a.map(|a| (a.cast_signed() >> 52).cast_unsigned()));
    assert_eq!(x.rol::<62>().store(), a.map(|a| a.rotate_left(62)));
    for n in 0..64 {
        assert_eq!(x.shr_by(n).store(), a.map(|a| a >> n));
        assert_eq!(x.shl_by(n).store(), a.map(|a| a << n));
    }
    assert_eq!(x.swap_bytes().store(), a.map(u64::swap_bytes));
    assert_eq!(x.swap_fours().store(), core::array::from_fn(|i| a[i ^ 4]));
    assert_eq!(x.swap_twos().store(), core::array::from_fn(|i| a[i ^ 2]));
    assert_eq!(x.swap_ones().store(), core::array::from_fn(|i| a[i ^ 1]));
}

fn masks(cpu: Cpu, [a, b]: [&Words; 2], m: Mask) {
    let (x, y) = (cpu.load(a), cpu.load(b));
    assert_eq!(x.eq(y), mask(|i| a[i] == b[i]));
    assert_eq!(x.lt(y), mask(|i| a[i].cast_signed() < b[i].cast_signed()));
    assert_eq!(x.test(y), mask(|i| a[i] & b[i] != 0));
    let either = |f: fn(u64, u64) -> u64| -> Words {
        core::array::from_fn(|i| if m >> i & 1 == 1 { f(a[i], b[i]) } else { a[i] })
    };
    assert_eq!(x.select(m, y).store(), either(|_, b| b));
    assert_eq!(x.plus_where(m, y).store(), either(u64::wrapping_add));
    assert_eq!(x.minus_where(m, y).store(), either(u64::wrapping_sub));
    assert_eq!(x.minus_from_where(m, y).store(), either(|a, b| b.wrapping_sub(a)));
}

proptest! {
    #[test]
    fn instructions_do_what_they_say(a: Words, b: Words, c: Words, same: Mask, m: Mask) {
        let Some(cpu) = cpu() else { return Ok(()) };
        arithmetic(cpu, [&a, &b, &c]);
        shifts(cpu, &a);
        masks(cpu, [&a, &b], m);
        // Random lanes are hardly ever equal.
        let alike = core::array::from_fn(|i| if same >> i & 1 == 1 { a[i] } else { b[i] });
        masks(cpu, [&a, &alike], m);
    }
}
