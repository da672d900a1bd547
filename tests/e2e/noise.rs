//! Requests that no client means, made from a seed: each number gives one, always the same.

/// Where malformed requests come from.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Noise {
    seed: u64,
}

/// One HTTP request.
#[derive(Debug)]
pub(crate) struct Odd {
    pub(crate) method: &'static str,
    pub(crate) media: Option<&'static str>,
    pub(crate) body: Vec<u8>,
}

const METHODS: [&str; 12] = [
    "eth_call",
    "eth_getLogs",
    "eth_getBalance",
    "eth_sendRawTransaction",
    "eth_sendRawTransactionSync",
    "eth_feeHistory",
    "eth_getProof",
    "eth_estimateGas",
    "eth_newFilter",
    "eth_getBlockByNumber",
    "rollup_getConflictReport",
    "eth_nothing",
];

const JSON: Option<&str> = Some("application/json");
const BODY_BYTES_MAX: usize = 5 << 20;

impl Noise {
    /// The seed of `BRAID_SEED`, or a new one; printed, so that a run can be repeated.
    #[expect(clippy::print_stderr, reason = "what repeats a failed run")]
    pub(crate) fn from_environment() -> Self {
        let given = std::env::var("BRAID_SEED").ok().and_then(|text| text.parse().ok());
        let seed = given.unwrap_or_else(|| u64::from(std::process::id()) * 0x9e37_79b9);
        eprintln!("BRAID_SEED={seed}");
        Self { seed }
    }

    /// The request with this number.
    pub(crate) fn request(&self, number: u64) -> Odd {
        let mut dice = Dice::new(self.seed, number);
        let mut odd = Odd { method: "POST", media: JSON, body: Vec::new() };
        odd.body = match dice.below(1_000) {
            0 => large(&mut dice),
            1..=4 => deep(&mut dice),
            5..=9 => bomb(&mut dice),
            10..=99 => dice.bytes(200),
            100..=129 => {
                odd.method = ["GET", "PUT", "DELETE", "HEAD", "PATCH"][dice.below(5)];
                call(&mut dice)
            }
            130..=159 => {
                odd.media = [None, Some("text/plain"), Some("application/grpc-web")][dice.below(3)];
                call(&mut dice)
            }
            160..=499 => broken(&mut dice),
            _ => call(&mut dice),
        };
        odd
    }

    /// What is written to a WebSocket with this number, in parts.
    pub(crate) fn websocket(&self, number: u64) -> Vec<Vec<u8>> {
        let mut dice = Dice::new(self.seed, u64::MAX - number);
        let hello = b"GET / HTTP/1.1\r\nhost: x\r\nconnection: upgrade\r\nupgrade: websocket\r\nsec-websocket-version: 13\r\nsec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n";
        let cut = dice.below(hello.len());
        match dice.below(5) {
            0 => vec![hello[..cut].to_vec()],
            1 => vec![hello.to_vec()],
            // A frame of exabytes, of which the head alone comes.
            2 => vec![hello.to_vec(), [&[0x81, 0xff][..], &[0x7f; 8], &[0; 4]].concat()],
            // A frame without a mask, which clients must not send.
            3 => vec![hello.to_vec(), b"\x81\x02{}".to_vec()],
            _ => vec![hello.to_vec(), dice.bytes(5_000)],
        }
    }

    /// Random bytes with this number.
    pub(crate) fn message(&self, number: u64) -> Vec<u8> {
        Dice::new(self.seed ^ u64::MAX, number).bytes(300)
    }
}

impl Odd {
    /// Its beginning, for people.
    pub(crate) fn shown(&self) -> String {
        let start = &self.body[..std::cmp::min(self.body.len(), 300)];
        format!("{} {:?} {}", self.method, self.media, String::from_utf8_lossy(start))
    }
}

/// A call that parses: any method, any parameters, any id.
fn call(dice: &mut Dice) -> Vec<u8> {
    let method = METHODS[dice.below(METHODS.len())];
    let params = value(dice, 3);
    let id = match dice.below(8) {
        0 => "9".repeat(1 + dice.below(5_000)),
        1 => format!("\"{}\"", "i".repeat(dice.below(5_000))),
        2 => "-1.5e300".into(),
        3 => "{}".into(),
        4 => "null".into(),
        _ => dice.below(1_000).to_string(),
    };
    let version = ["\"2.0\"", "\"2.0\"", "\"2.0\"", "\"1.0\"", "2", "null"][dice.below(6)];
    format!(r#"{{"jsonrpc":{version},"id":{id},"method":"{method}","params":{params}}}"#)
        .into_bytes()
}

/// A JSON value of any type.
fn value(dice: &mut Dice, depth: usize) -> String {
    let kinds = if depth == 0 { 8 } else { 11 };
    let many = |dice: &mut Dice, open: &str, close: &str, named: bool| {
        let items = (0..dice.below(4)).map(|_| {
            let name = ["to", "data", "fromBlock", "topics", "address", "gas"][dice.below(6)];
            let value = value(dice, depth - 1);
            if named { format!("\"{name}\":{value}") } else { value }
        });
        let items: Vec<String> = items.collect();
        format!("{open}{}{close}", items.join(","))
    };
    match dice.below(kinds) {
        0 => "null".into(),
        1 => "true".into(),
        2 => "-9".into(),
        3 => "1e999".into(),
        4 => format!("\"0x{}\"", "f".repeat(dice.below(130))),
        5 => format!("\"0x{:x}\"", dice.next()),
        6 => "\"latest\"".into(),
        7 => "\"\\ud800\\u0000 \u{1f9f6}\"".into(),
        8 | 9 => many(dice, "[", "]", false),
        _ => many(dice, "{", "}", true),
    }
}

/// A call of which some bytes are wrong or missing.
fn broken(dice: &mut Dice) -> Vec<u8> {
    let mut body = call(dice);
    for _ in 0..=dice.below(4) {
        let at = dice.below(body.len());
        match dice.below(4) {
            0 => body.truncate(at + 1),
            1 => body[at] = dice.byte(),
            2 => body.insert(at, dice.byte()),
            _ => {
                body.remove(at);
                if body.is_empty() {
                    return body;
                }
            }
        }
    }
    body
}

/// Many levels of nesting.
fn deep(dice: &mut Dice) -> Vec<u8> {
    let depth = 1 + dice.below(50_000);
    match dice.below(3) {
        0 => [b"[".repeat(depth), b"]".repeat(depth)].concat(),
        1 => br#"{"a":"#.repeat(depth),
        _ => {
            let nested = format!("{}{}", "[".repeat(depth), "]".repeat(depth));
            format!(r#"{{"jsonrpc":"2.0","id":1,"method":"eth_call","params":{nested}}}"#).into()
        }
    }
}

/// A batch of very many things.
fn bomb(dice: &mut Dice) -> Vec<u8> {
    let item = match dice.below(4) {
        0 => "[]".to_owned(),
        1 => "{}".to_owned(),
        2 => "1".to_owned(),
        _ => String::from_utf8(call(dice)).unwrap_or_default(),
    };
    format!("[{}]", vec![item; 1 + dice.below(1_500)].join(",")).into_bytes()
}

/// About as large as a body may be, or larger.
fn large(dice: &mut Dice) -> Vec<u8> {
    let length = BODY_BYTES_MAX - 100 + dice.below(200);
    let mut body = br#"{"jsonrpc":"2.0","id":1,"method":"eth_call","params":[""#.to_vec();
    body.resize(length, b'0');
    if dice.below(2) == 0 {
        body.extend(br#""]}"#);
    }
    body
}

/// SplitMix64: small, and good enough to be odd.
#[derive(Debug)]
struct Dice(u64);

impl Dice {
    fn new(seed: u64, number: u64) -> Self {
        let mut dice = Self(seed ^ number.wrapping_mul(0xd134_2543_de82_ef95));
        dice.next();
        dice
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut word = self.0;
        word = (word ^ (word >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        word = (word ^ (word >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        word ^ (word >> 31)
    }

    fn below(&mut self, end: usize) -> usize {
        usize::try_from(self.next() % u64::try_from(end).unwrap_or(1)).unwrap_or(0)
    }

    fn byte(&mut self) -> u8 {
        self.next().to_le_bytes()[0]
    }

    /// Up to so many bytes.
    fn bytes(&mut self, most: usize) -> Vec<u8> {
        (0..self.below(most)).map(|_| self.byte()).collect()
    }
}
