//! Looks at many places at once: each part of the table is locked once for all of them that are in it, and the waits for
//! memory and for the store overlap.

use std::hash::BuildHasher;

use super::{Claimant, Key, Place, SHARD_BITS, SHARDS, Table, shard_number};

impl<K: Key, V: Clone + PartialEq> Table<K, V> {
    /// The places of keys. Where nobody has looked into the store yet, `read` does. `seen` hears once what stands at each
    /// place, by the position of its key; where somebody claims the places, only of those that he may look at.
    pub(crate) fn look<E>(
        &self,
        keys: &[K],
        by: Option<Claimant>,
        read: impl FnOnce(&[K]) -> Result<Vec<V>, E>,
        mut seen: impl FnMut(usize, Place, &V),
    ) -> Result<Vec<Place>, E> {
        let hashes: Vec<u64> = keys.iter().map(|key| self.hasher.hash_one(key.words())).collect();
        let order = by_shard(&hashes);
        let mut places = vec![Place(0); keys.len()];
        let mut unknown = Vec::new();
        let is_near = |one: &u32, other: &u32| {
            shard_number(hashes[*one as usize]) == shard_number(hashes[*other as usize])
        };
        for near in order.chunk_by(is_near) {
            let number = shard_number(hashes[near[0] as usize]);
            let mut shard = self.shards[number as usize].lock();
            let before = shard.cells.len();
            for at in near {
                let (key, hash, count) =
                    (&keys[*at as usize], hashes[*at as usize], shard.cells.len());
                let index = shard.index(key, hash, |key| self.hasher.hash_one(key.words()));
                let place = Place(index << SHARD_BITS | number);
                places[*at as usize] = place;
                if by.is_some_and(|by| !shard.flight(place).claim.look(by)) {
                    continue;
                }
                match &shard.cell(place).standing {
                    Some(value) => seen(*at as usize, place, value),
                    // A place that was made just now is read once, however often its key is there.
                    None if (index as usize) < before || index as usize == count => {
                        unknown.push(*at);
                    }
                    None => {}
                }
            }
        }
        let asked: Vec<K> = unknown.iter().map(|at| keys[*at as usize]).collect();
        let mut read = read(&asked)?.into_iter();
        for near in unknown.chunk_by(is_near) {
            let mut shard = self.shard(places[near[0] as usize]);
            for (at, value) in near.iter().zip(&mut read) {
                let place = places[*at as usize];
                seen(*at as usize, place, shard.cell(place).standing.get_or_insert(value));
            }
        }
        Ok(places)
    }
}

/// The positions of hashes, those of one shard together, from the shard of the first hash on: several threads that look
/// at once are then at different ones.
fn by_shard(hashes: &[u64]) -> Vec<u32> {
    let start = hashes.first().map_or(0, |hash| shard_number(*hash) as usize);
    let nth = |hash: &u64| (shard_number(*hash) as usize + SHARDS - start) % SHARDS;
    let mut ends = [0_u32; SHARDS];
    for hash in hashes {
        ends[nth(hash)] += 1;
    }
    let mut end = 0;
    for count in &mut ends {
        end += *count;
        *count = end;
    }
    let mut order = vec![0; hashes.len()];
    let len = u32::try_from(hashes.len()).expect("a few hundred at a time");
    for (at, hash) in (0..len).zip(hashes).rev() {
        let end = &mut ends[nth(hash)];
        *end -= 1;
        order[*end as usize] = at;
    }
    order
}
