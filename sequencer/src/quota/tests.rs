//! Clients and senders against their quotas, without doors.

use std::net::IpAddr;

use axum::http::{HeaderMap, Uri};
use service::Secret;

use super::*;

const KEY: &str = "0123456789abcdef";

fn quotas(change: impl FnOnce(&mut QuotaConfig)) -> Quotas {
    let mut config = QuotaConfig::default();
    config.client.requests = Rate { per_second: 1, burst: 3 };
    config.client.gas = Rate { per_second: 1_000, burst: 100_000 };
    config.client.cpu_us = Rate { per_second: 1_000, burst: 2_000 };
    config.client.running_max = 2;
    config.sender.requests = Rate { per_second: 1, burst: 2 };
    change(&mut config);
    Quotas::new(config)
}

fn ask(quotas: &Quotas, from: &str, key: Option<&str>) -> Result<(Client, Running), Denied> {
    let mut headers = HeaderMap::new();
    if let Some(key) = key {
        headers.insert("x-api-key", key.parse().unwrap());
    }
    quotas.admit(from.parse::<IpAddr>().unwrap(), &headers, &Uri::from_static("/"))
}

fn refused<T: std::fmt::Debug>(asked: Result<T, Denied>) -> Refused {
    match asked {
        Err(Denied::Refused(refused)) => refused,
        other => panic!("not refused: {other:?}"),
    }
}

#[test]
fn each_address_has_its_own_requests() {
    let quotas = quotas(|_| {});
    for _ in 0..3 {
        ask(&quotas, "1.2.3.4", None).unwrap();
    }
    let refused = refused(ask(&quotas, "1.2.3.4", None));
    assert_eq!(refused.reason, Reason::Requests);
    assert!(refused.wait > Duration::from_millis(900), "{refused:?}");
    assert!(refused.wait <= Duration::from_secs(1), "{refused:?}");
    ask(&quotas, "1.2.3.5", None).unwrap();
}

#[test]
fn only_so_many_at_a_time() {
    let quotas = quotas(|_| {});
    let first = ask(&quotas, "1.2.3.4", None).unwrap();
    let _second = ask(&quotas, "1.2.3.4", None).unwrap();
    assert_eq!(refused(ask(&quotas, "1.2.3.4", None)).reason, Reason::Running);
    let client = first.0.clone();
    drop(first);
    client.enter().unwrap();
}

#[test]
fn loopback_is_exempt_where_that_is_set_and_nowhere_else() {
    let exempting = quotas(|config| config.loopback_exempt = true);
    for from in ["127.0.0.1", "::1", "::ffff:127.0.0.1"] {
        for _ in 0..10 {
            ask(&exempting, from, None).unwrap();
        }
    }
    let quotas = quotas(|_| {});
    (0..3).for_each(|_| drop(ask(&quotas, "127.0.0.1", None).unwrap()));
    assert_eq!(refused(ask(&quotas, "127.0.0.1", None)).reason, Reason::Requests);
}

#[test]
fn a_key_has_quotas_of_its_own_and_a_wrong_one_costs_requests() {
    let requests = Rate { per_second: 1, burst: 5 };
    let quota = ClientQuota { requests, ..ClientQuota::default() };
    let key = ApiKey { name: "indexer".into(), key: Secret::new(KEY.into()), quota };
    let quotas = quotas(|config| config.keys = vec![key]);
    for from in ["1.1.1.1", "2.2.2.2", "3.3.3.3", "4.4.4.4", "5.5.5.5"] {
        let (client, _) = ask(&quotas, from, Some(KEY)).unwrap();
        // Senders are not counted besides.
        quotas.sender(&client, Address::ZERO, u64::MAX).unwrap();
    }
    assert_eq!(refused(ask(&quotas, "6.6.6.6", Some(KEY))).reason, Reason::Requests);
    ask(&quotas, "6.6.6.6", None).unwrap();
    for _ in 0..2 {
        assert_eq!(ask(&quotas, "6.6.6.6", Some("wrong")).unwrap_err(), Denied::UnknownKey);
    }
    refused(ask(&quotas, "6.6.6.6", Some("wrong")));
}

#[test]
fn senders_are_counted_across_addresses() {
    let quotas = quotas(|_| {});
    let sender = |from: &str, sender: u8, gas| {
        let (client, _) = ask(&quotas, from, None).unwrap();
        quotas.sender(&client, Address::repeat_byte(sender), gas)
    };
    sender("1.1.1.1", 1, 21_000).unwrap();
    sender("1.1.1.2", 1, 21_000).unwrap();
    let refused = sender("1.1.1.3", 1, 21_000).unwrap_err();
    assert_eq!(refused.reason, Reason::SenderRequests);
    sender("1.1.1.3", 2, 2_000_000_000).unwrap();
    assert_eq!(sender("1.1.1.3", 2, 1).unwrap_err().reason, Reason::SenderGas);
    quotas.sender(&Client::exempt(), Address::repeat_byte(1), 1).unwrap();
}

#[test]
fn gas_and_cpu_time_of_calls_are_charged_afterwards() {
    let quotas = quotas(|_| {});
    let (client, _) = ask(&quotas, "1.1.1.1", None).unwrap();
    client.call().unwrap();
    client.spend(|| Client::current().used_gas(1_000_000));
    assert_eq!(client.call().unwrap_err().reason, Reason::Gas);
    assert_eq!(client.send_gas(21_000).unwrap_err().reason, Reason::Gas);

    let (busy, _) = ask(&quotas, "2.2.2.2", None).unwrap();
    busy.spend(|| {
        let began = std::time::Instant::now();
        // Twice the bucket, even if another process has the core for most of it.
        while began.elapsed() < Duration::from_millis(50) {
            std::hint::spin_loop();
        }
    });
    assert_eq!(busy.call().unwrap_err().reason, Reason::Cpu);
    // Asleep is not busy.
    let (idle, _) = ask(&quotas, "3.3.3.3", None).unwrap();
    idle.spend(|| std::thread::sleep(Duration::from_millis(20)));
    idle.call().unwrap();
}
