//! Places of the state by key, each with the value that stands and those that transactions in flight have written.
//!
//! A place is found by its whole key once and by its number from then on. Parts of the table have a lock each, held for
//! one look; nobody executes, reads a store or waits for another part under it.
//!
//! Invariant: the versions of a place are in the order of their transactions, one for each.

mod claims;
mod flight;
mod look;

use std::{
    fmt,
    hash::{BuildHasher, Hash},
};

use alloy_primitives::{Address, U256, map::DefaultHashBuilder};
use hashbrown::HashTable;
use parking_lot::{Mutex, MutexGuard};

pub(crate) use claims::{Before, Claimant, Claimed};
use flight::Flight;
pub(crate) use flight::Version;

/// Parts of a table. A power of two.
const SHARDS: usize = 64;
const SHARD_BITS: u32 = SHARDS.trailing_zeros();

/// A place of one table, for as long as the table lives.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Place(u32);

/// Position of a transaction among those that run together, from 1; 0 is the state before all of them.
pub(crate) type Turn = u32;

/// Who wrote a value: a transaction, and its incarnation. The value that stands has turn 0.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Stamp {
    pub turn: Turn,
    /// The one that first wrote this very value. It stays when a later one writes the same again.
    pub incarnation: u32,
}

/// What a place holds for a transaction.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Found<V> {
    pub place: Place,
    pub stamp: Stamp,
    /// `None`: nobody has looked into the store yet.
    pub value: Option<V>,
}

/// A table of places.
pub(crate) struct Table<K, V> {
    shards: Box<[Mutex<Shard<K, V>>]>,
    hasher: DefaultHashBuilder,
}

/// What a place is found by.
pub(crate) trait Key: Copy + Eq {
    /// The key as words, which are quick to hash. The hash has a secret seed: nobody can choose keys that meet.
    fn words(&self) -> impl Hash;
}

#[derive(Debug)]
struct Shard<K, V> {
    /// By key, which stands in the cell.
    places: HashTable<u32>,
    cells: Vec<Cell<K, V>>,
    /// For the cells of the same numbers. Only as long as somebody has needed: where transactions run in turn nobody does.
    flights: Vec<Flight<V>>,
    /// Cells that were written, by a version or in place, since they were drained.
    touched: Vec<u32>,
}

#[derive(Debug)]
struct Cell<K, V> {
    key: K,
    standing: Option<V>,
    is_touched: bool,
    /// What stands was written since it was drained.
    is_written: bool,
}

impl<K, V> fmt::Debug for Table<K, V> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let places: usize = self.shards.iter().map(|shard| shard.lock().cells.len()).sum();
        f.debug_struct("Table").field("places", &places).finish_non_exhaustive()
    }
}

impl<K: Key, V: Clone + PartialEq> Table<K, V> {
    pub(crate) fn new() -> Self {
        let shard = || Shard {
            places: HashTable::new(),
            cells: Vec::new(),
            flights: Vec::new(),
            touched: Vec::new(),
        };
        Self {
            shards: (0..SHARDS).map(|_| Mutex::new(shard())).collect(),
            hasher: DefaultHashBuilder::default(),
        }
    }

    /// Forgets everything but the room it took.
    pub(crate) fn clear(&mut self) {
        for shard in &mut self.shards {
            let Shard { places, cells, flights, touched } = shard.get_mut();
            places.clear();
            cells.clear();
            flights.clear();
            touched.clear();
        }
    }

    /// How many places there is room for.
    pub(crate) fn capacity(&mut self) -> usize {
        self.shards.iter_mut().map(|shard| shard.get_mut().cells.capacity()).sum()
    }

    /// What the transaction at `turn` finds: the last version before it, or the value that stands.
    pub(crate) fn find(&self, key: &K, turn: Turn) -> Found<V> {
        let (place, mut shard) = self.place_of(key);
        match shard.before(place, turn) {
            Some(version) => {
                Found { place, stamp: version.stamp, value: Some(version.value.clone()) }
            }
            None => {
                let value = shard.cell(place).standing.clone();
                Found { place, stamp: Stamp::default(), value }
            }
        }
    }

    /// The place of a key.
    pub(crate) fn place(&self, key: &K) -> Place {
        self.place_of(key).0
    }

    /// Who wrote what the transaction at `turn` would find now.
    pub(crate) fn stamp(&self, place: Place, turn: Turn) -> Stamp {
        self.shard(place).before(place, turn).map_or_else(Stamp::default, |version| version.stamp)
    }

    /// The last version before `turn` that is as asked.
    pub(crate) fn stamp_where(
        &self,
        key: &K,
        turn: Turn,
        wanted: impl Fn(&V) -> bool,
    ) -> Option<Stamp> {
        let (place, mut shard) = self.place_of(key);
        let mut versions = shard.flight(place).versions.iter().rev();
        versions.find(|v| v.stamp.turn < turn && wanted(&v.value)).map(|v| v.stamp)
    }

    /// What the store has there. Ignored where it is known already.
    pub(crate) fn learn(&self, place: Place, value: V) {
        self.with(place, |cell| {
            cell.standing.get_or_insert(value);
        });
    }

    /// The transaction at `stamp.turn` has written.
    pub(crate) fn publish(&self, place: Place, stamp: Stamp, value: V) {
        let mut shard = self.shard(place);
        shard.touch(place);
        shard.flight(place).publish(stamp, value);
    }

    /// The transaction has not written there after all.
    pub(crate) fn retract(&self, place: Place, turn: Turn) {
        self.shard(place).flight(place).versions.retain(|version| version.stamp.turn != turn);
    }

    /// Writes in place: nobody has a version. `change` is given what stands.
    pub(crate) fn write(&self, place: Place, change: impl FnOnce(Option<V>) -> V) {
        let mut shard = self.shard(place);
        shard.touch(place);
        debug_assert!(!shard.has_versions(place), "nobody else is executing");
        let cell = shard.cell(place);
        cell.standing = Some(change(cell.standing.take()));
        cell.is_written = true;
    }

    /// For whoever plans: the place of a key, and the last writer there in this plan. A writer takes over.
    pub(crate) fn plan(&self, key: &K, plan: u32, turn: Turn, writes: bool) -> (Place, Turn) {
        let (place, mut shard) = self.place_of(key);
        (place, shard.flight(place).plan(plan, turn, writes))
    }

    /// Forgets all versions. `stand` is given each place that has some before `end`, with these and what stands there, and
    /// says what stands from now on and whether that counts as written.
    pub(crate) fn collapse(
        &self,
        end: Turn,
        mut stand: impl FnMut(&K, Option<V>, &[Version<V>]) -> (V, bool),
    ) {
        for shard in &self.shards {
            let mut shard = shard.lock();
            let Shard { cells, flights, touched, .. } = &mut *shard;
            for index in touched.iter() {
                // One that was never in flight was written in place.
                let Some(Flight { versions, .. }) = flights.get_mut(*index as usize) else {
                    continue;
                };
                let cell = &mut cells[*index as usize];
                let before_end = versions.partition_point(|version| version.stamp.turn < end);
                if before_end > 0 {
                    let (value, is_written) =
                        stand(&cell.key, cell.standing.take(), &versions[..before_end]);
                    cell.standing = Some(value);
                    cell.is_written |= is_written;
                }
                versions.clear();
                versions.shrink_to(VERSIONS_KEPT);
            }
        }
    }

    /// Names every place that was written since the last time, with what stands there.
    pub(crate) fn drain(&self, mut written: impl FnMut(K, &mut V)) {
        for shard in &self.shards {
            let mut shard = shard.lock();
            let Shard { cells, touched, .. } = &mut *shard;
            for index in touched.drain(..) {
                let cell = &mut cells[index as usize];
                cell.is_touched = false;
                if let (true, Some(value)) = (cell.is_written, &mut cell.standing) {
                    written(cell.key, value);
                }
                cell.is_written = false;
            }
        }
    }

    /// Sets what stands at every place that is as asked, as if nobody had written there. Looks at all of them.
    pub(crate) fn wipe(&self, wanted: impl Fn(&K) -> bool, value: &V) {
        for shard in &self.shards {
            for cell in &mut shard.lock().cells {
                if wanted(&cell.key) {
                    cell.standing = Some(value.clone());
                    cell.is_written = false;
                }
            }
        }
    }

    /// The key of a place.
    pub(crate) fn key(&self, place: Place) -> K {
        self.with(place, |cell| cell.key)
    }

    /// The place of a key, which is made if need be, with its shard.
    fn place_of(&self, key: &K) -> (Place, MutexGuard<'_, Shard<K, V>>) {
        let hash = self.hasher.hash_one(key.words());
        let number = shard_number(hash);
        let mut shard = self.shards[number as usize].lock();
        let index = shard.index(key, hash, |key| self.hasher.hash_one(key.words()));
        (Place(index << SHARD_BITS | number), shard)
    }

    fn shard(&self, place: Place) -> MutexGuard<'_, Shard<K, V>> {
        self.shards[place.0 as usize % SHARDS].lock()
    }

    fn with<T>(&self, place: Place, look: impl FnOnce(&mut Cell<K, V>) -> T) -> T {
        look(self.shard(place).cell(place))
    }
}

/// The same for somebody who has the table alone, without locks: looks at several places can then overlap.
impl<K: Key, V> Table<K, V> {
    /// The place of a key.
    pub(crate) fn place_mut(&mut self, key: &K) -> Place {
        let Self { shards, hasher } = self;
        let hash = hasher.hash_one(key.words());
        let number = shard_number(hash);
        let shard = shards[number as usize].get_mut();
        let index = shard.index(key, hash, |key| hasher.hash_one(key.words()));
        Place(index << SHARD_BITS | number)
    }

    /// What stands there; `None`: nobody has looked into the store yet.
    pub(crate) fn standing_mut(&mut self, place: Place) -> &mut Option<V> {
        &mut self.shards[place.0 as usize % SHARDS].get_mut().cell(place).standing
    }

    /// Notes that what stands there was written.
    pub(crate) fn written_mut(&mut self, place: Place) {
        let shard = self.shards[place.0 as usize % SHARDS].get_mut();
        shard.touch(place);
        shard.cell(place).is_written = true;
    }
}

/// The shard that a hash belongs to. The table in it uses the low bits for the place and the high ones for its tags.
const fn shard_number(hash: u64) -> u32 {
    #[expect(clippy::cast_possible_truncation, reason = "a remainder of 64")]
    let number = (hash >> 32) as u32 % SHARDS as u32;
    number
}

/// Room for versions that a place keeps for the next run.
const VERSIONS_KEPT: usize = 4;

impl<K: Key, V> Shard<K, V> {
    fn cell(&mut self, place: Place) -> &mut Cell<K, V> {
        &mut self.cells[(place.0 >> SHARD_BITS) as usize]
    }

    fn flight(&mut self, place: Place) -> &mut Flight<V> {
        if self.flights.len() < self.cells.len() {
            self.flights.resize_with(self.cells.len(), Flight::default);
        }
        &mut self.flights[(place.0 >> SHARD_BITS) as usize]
    }

    /// The last version before a turn.
    fn before(&self, place: Place, turn: Turn) -> Option<&Version<V>> {
        self.flights.get((place.0 >> SHARD_BITS) as usize)?.before(turn)
    }

    fn has_versions(&self, place: Place) -> bool {
        self.before(place, Turn::MAX).is_some()
    }

    fn index(&mut self, key: &K, hash: u64, hash_of: impl Fn(&K) -> u64) -> u32 {
        let Self { places, cells, .. } = self;
        if let Some(index) = places.find(hash, |index| cells[*index as usize].key == *key) {
            return *index;
        }
        let index = u32::try_from(cells.len()).ok().filter(|index| *index < PLACES_MAX);
        let index = index.expect("block gas bounds what a block can touch far below 2^26");
        cells.push(Cell { key: *key, standing: None, is_touched: false, is_written: false });
        places.insert_unique(hash, index, |index| hash_of(&cells[*index as usize].key));
        index
    }

    fn touch(&mut self, place: Place) {
        let cell = self.cell(place);
        if !cell.is_touched {
            cell.is_touched = true;
            self.touched.push(place.0 >> SHARD_BITS);
        }
    }
}

/// Places of one shard, as many as a number of 32 bits can tell apart together with the shard's.
const PLACES_MAX: u32 = u32::MAX >> SHARD_BITS;

impl Key for Address {
    fn words(&self) -> impl Hash {
        let (low, rest) = self.0.0.split_first_chunk().unwrap_or((&[0; 8], &[]));
        let (middle, rest) = rest.split_first_chunk().unwrap_or((&[0; 8], &[]));
        let high = rest.first_chunk().unwrap_or(&[0; 4]);
        (u64::from_le_bytes(*low), u64::from_le_bytes(*middle), u32::from_le_bytes(*high))
    }
}

impl Key for (Address, U256) {
    fn words(&self) -> impl Hash {
        let [a, b, c, d] = *self.1.as_limbs();
        (self.0.words(), a, b, c, d)
    }
}
