//! Workloads are the same every time, and every transaction is its sender's next one.

use alloy::{
    consensus::{Transaction, TxEnvelope, transaction::SignerRecoverable},
    eips::Decodable2718,
    primitives::B256,
};

use super::*;
use crate::{file::Workload, workload::Kind};

fn made(spec: &Spec, nonces: Vec<u64>) -> (Workload, Generated) {
    let funder = Key::new(B256::repeat_byte(7)).unwrap();
    let facts = ChainFacts { chain_id: 5, max_fee: 1_000_000_000, funder_nonce: 3, nonces };
    let mut bytes = Vec::new();
    let generated = generate(spec, &facts, &funder, &mut bytes, |_| ()).unwrap();
    assert_eq!(generated.bytes, bytes.len() as u64);
    (Workload::decode(bytes.into()).unwrap(), generated)
}

#[test]
fn every_transaction_is_the_next_of_its_sender() {
    for kind in Kind::ALL {
        let spec = Spec { kind, seed: 11, senders: 70, transactions: 300, zipf: 0.9 };
        let nonces: Vec<u64> = (0..70).collect();
        let (workload, generated) = made(&spec, nonces.clone());
        let mut next = nonces;
        let mut spent = vec![U256::ZERO; 70];
        for record in workload.approvals().chain(workload.transactions()) {
            let tx = TxEnvelope::decode_2718_exact(&record.raw).unwrap();
            let sender = record.sender as usize;
            assert_eq!(tx.recover_signer().unwrap(), workload.senders[sender].address);
            assert_eq!((tx.nonce(), tx.chain_id()), (next[sender], Some(5)));
            next[sender] += 1;
            spent[sender] +=
                U256::from(tx.gas_limit()) * U256::from(tx.max_fee_per_gas()) + tx.value();
        }
        let mut paid = U256::ZERO;
        for (nonce, record) in (3..).zip(workload.funding()) {
            let tx = TxEnvelope::decode_2718_exact(&record.raw).unwrap();
            assert_eq!(tx.recover_signer().unwrap(), workload.header.funder);
            assert_eq!(tx.nonce(), nonce);
            paid += tx.value() + U256::from(tx.gas_limit()) * U256::from(tx.max_fee_per_gas());
        }
        assert_eq!(paid, generated.cost);
        assert!(spent.iter().copied().sum::<U256>() < generated.cost);
    }
}

#[test]
fn a_seed_gives_the_same_bytes() {
    let spec = Spec { kind: Kind::Mix, seed: 1, senders: 5, transactions: 20, zipf: 0.0 };
    let all = |spec: &Spec| made(spec, Vec::new()).0.transactions().collect::<Vec<_>>();
    assert_eq!(all(&spec), all(&spec));
    assert_ne!(all(&spec), all(&Spec { seed: 2, ..spec }));
}

#[test]
fn what_cannot_be_made_is_said() {
    let funder = Key::new(B256::repeat_byte(7)).unwrap();
    let spec = Spec { kind: Kind::Mix, seed: 1, senders: 0, transactions: 20, zipf: 0.0 };
    let facts = ChainFacts { chain_id: 5, max_fee: 1, funder_nonce: 3, nonces: vec![1] };
    let error = generate(&spec, &facts, &funder, Vec::new(), |_| ()).unwrap_err();
    assert!(matches!(error, GenerateError::Spec(SpecError::Senders(0))));
    let spec = Spec { senders: 2, ..spec };
    let error = generate(&spec, &facts, &funder, Vec::new(), |_| ()).unwrap_err();
    assert!(matches!(error, GenerateError::Nonces { nonces: 1, senders: 2 }));
}
