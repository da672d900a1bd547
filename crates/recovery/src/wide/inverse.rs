//! The inverse of one 256-bit number, in variable time: Bernstein and Yang's division steps (2019), 62 at a time.
//!
//! A division step makes two numbers f (odd) and g smaller and keeps their greatest common divisor. Which steps are taken
//! depends on the lowest bits alone, so 62 of them are found in one word, as a matrix, and then applied to the long numbers.
//! One such inversion is three times as fast as a power in the lanes.

use core::cmp::min;

/// Five digits of 62 bits, the lowest first; the top one has the sign.
type Digits = [i64; 5];

const M62: u64 = (1 << 62) - 1;

/// An odd modulus.
#[derive(Debug)]
pub(super) struct Modulus {
    digits: Digits,
    /// Its inverse modulo 2^62.
    inverse: u64,
}

/// What 62 steps make of f and g, times 2^62: `(u f + v g, q f + r g)`.
struct Steps {
    u: i64,
    v: i64,
    q: i64,
    r: i64,
}

impl Modulus {
    /// `words` are those of an odd number, the lowest first.
    pub(super) const fn new(words: [u64; 4]) -> Self {
        // Newton's iteration doubles the bits that are right; five are at first.
        let mut inverse = words[0].wrapping_mul(3) ^ 2;
        let mut rounds = 0;
        while rounds < 4 {
            inverse = inverse.wrapping_mul(2_u64.wrapping_sub(words[0].wrapping_mul(inverse)));
            rounds += 1;
        }
        Self { digits: digits(words), inverse: inverse & M62 }
    }
}

/// `1/x` modulo `modulus`; zero for zero. Words are least significant first; `x` is below the modulus, which is prime.
pub(super) fn invert(x: [u64; 4], modulus: &Modulus) -> [u64; 4] {
    let (mut f, mut g) = (modulus.digits, digits(x));
    // f = d x and g = e x, modulo the modulus.
    let (mut d, mut e): (Digits, Digits) = ([0; 5], [1, 0, 0, 0, 0]);
    let mut eta = -1;
    while g != [0; 5] {
        let steps;
        (eta, steps) = divide(eta, f[0].cast_unsigned(), g[0].cast_unsigned());
        steps.apply_mod(&mut d, &mut e, modulus);
        steps.apply(&mut f, &mut g);
    }
    // Now f is 1 or -1, and d lies between -2 and 1 times the modulus.
    add_if_negative(&mut d, modulus);
    if f[4] < 0 {
        d = d.map(|digit| -digit);
        carry(&mut d);
    }
    add_if_negative(&mut d, modulus);
    let d = d.map(i64::cast_unsigned);
    [d[0] | d[1] << 62, d[1] >> 2 | d[2] << 60, d[2] >> 4 | d[3] << 58, d[3] >> 6 | d[4] << 56]
}

const fn digits(w: [u64; 4]) -> Digits {
    [
        (w[0] & M62).cast_signed(),
        ((w[0] >> 62 | w[1] << 2) & M62).cast_signed(),
        ((w[1] >> 60 | w[2] << 4) & M62).cast_signed(),
        ((w[2] >> 58 | w[3] << 6) & M62).cast_signed(),
        (w[3] >> 56).cast_signed(),
    ]
}

fn carry(d: &mut Digits) {
    for i in 0..4 {
        d[i + 1] += d[i] >> 62;
        d[i] &= M62.cast_signed();
    }
}

fn add_if_negative(d: &mut Digits, modulus: &Modulus) {
    if d[4] < 0 {
        for (digit, m) in d.iter_mut().zip(modulus.digits) {
            *digit += m;
        }
    }
    carry(d);
}

/// 62 division steps on the low words; `eta` counts how far g is ahead of f.
fn divide(mut eta: i64, mut f: u64, mut g: u64) -> (i64, Steps) {
    let (mut u, mut v, mut q, mut r) = (1_u64, 0_u64, 0_u64, 1_u64);
    let mut left: u32 = 62;
    loop {
        // Halve g as long as it is even.
        let zeros = (g | u64::MAX << left).trailing_zeros();
        g >>= zeros;
        u <<= zeros;
        v <<= zeros;
        eta -= i64::from(zeros);
        left -= zeros;
        if left == 0 {
            let [u, v, q, r] = [u, v, q, r].map(u64::cast_signed);
            return (eta, Steps { u, v, q, r });
        }
        if eta < 0 {
            eta = -eta;
            (f, g) = (g, f.wrapping_neg());
            (u, q) = (q, u.wrapping_neg());
            (v, r) = (r, v.wrapping_neg());
        }
        // -g/f modulo 64: the multiple of f that clears up to six low bits of g, no more than before f is due again.
        let bits = min(min(eta + 1, i64::from(left)), 6);
        let multiple =
            f.wrapping_mul(g).wrapping_mul(f.wrapping_mul(f).wrapping_sub(2)) & ((1 << bits) - 1);
        g = g.wrapping_add(f.wrapping_mul(multiple));
        q = q.wrapping_add(u.wrapping_mul(multiple));
        r = r.wrapping_add(v.wrapping_mul(multiple));
    }
}

/// `a x + b y` of one digit each.
#[inline]
fn row(a: i64, x: i64, b: i64, y: i64) -> i128 {
    i128::from(a) * i128::from(x) + i128::from(b) * i128::from(y)
}

/// The lowest digit of a sum, and what is carried.
#[inline]
#[expect(clippy::cast_possible_truncation, reason = "the low digit is what is wanted")]
fn split(sum: i128) -> (i64, i128) {
    (sum as i64 & M62.cast_signed(), sum >> 62)
}

impl Steps {
    /// f and g; the division by 2^62 leaves nothing.
    #[expect(clippy::cast_possible_truncation, reason = "the top digit is as wide as before")]
    fn apply(&self, f: &mut Digits, g: &mut Digits) {
        let mut cf = row(self.u, f[0], self.v, g[0]) >> 62;
        let mut cg = row(self.q, f[0], self.r, g[0]) >> 62;
        for i in 1..5 {
            cf += row(self.u, f[i], self.v, g[i]);
            cg += row(self.q, f[i], self.r, g[i]);
            (f[i - 1], cf) = split(cf);
            (g[i - 1], cg) = split(cg);
        }
        (f[4], g[4]) = (cf as i64, cg as i64);
    }

    /// d and e; multiples of the modulus make them divisible by 2^62, and keep them between -2 and 1 times the modulus.
    #[expect(clippy::cast_possible_truncation, reason = "the top digit is as wide as before")]
    fn apply_mod(&self, d: &mut Digits, e: &mut Digits, modulus: &Modulus) {
        let (d_sign, e_sign) = (d[4] >> 63, e[4] >> 63);
        let multiple = |a: i64, b: i64, low: i64| {
            let back = (a & d_sign) + (b & e_sign);
            let clear = modulus
                .inverse
                .wrapping_mul(low.cast_unsigned())
                .wrapping_add(back.cast_unsigned());
            back - (clear & M62).cast_signed()
        };
        let m = &modulus.digits;
        let (low_d, low_e) = (row(self.u, d[0], self.v, e[0]), row(self.q, d[0], self.r, e[0]));
        let md = multiple(self.u, self.v, split(low_d).0);
        let me = multiple(self.q, self.r, split(low_e).0);
        let mut cd = (low_d + row(m[0], md, 0, 0)) >> 62;
        let mut ce = (low_e + row(m[0], me, 0, 0)) >> 62;
        for i in 1..5 {
            cd += row(self.u, d[i], self.v, e[i]) + row(m[i], md, 0, 0);
            ce += row(self.q, d[i], self.r, e[i]) + row(m[i], me, 0, 0);
            (d[i - 1], cd) = split(cd);
            (e[i - 1], ce) = split(ce);
        }
        (d[4], e[4]) = (cd as i64, ce as i64);
    }
}

#[cfg(test)]
mod tests;
