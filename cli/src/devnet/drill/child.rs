//! The verifier of a drill as a process of its own, which is killed at bad moments and started again.
//!
//! It is `braid verifier` with a configuration file, as an operator runs it. Invariant: it does not outlive the drill.
//! Dropping it kills it, and if this process dies first, the kernel does. Not here: anything that helps it go on; it finds
//! its database and L1.

use std::{
    env, fs,
    path::{Path, PathBuf},
    process::Stdio,
    time::{Duration, Instant},
};

use alloy::{primitives::Address, providers::Provider};
use eyre::{Result, WrapErr, bail};
use l1::L1Client;
use serde_json::json;
use tokio::process::{Child, Command};

use super::story::Console;
use crate::settings;

/// How long it stays away: some blocks of L1.
const AWAY: Duration = Duration::from_secs(3);

/// A bad moment: the first after all of these events were told, one after the other.
#[derive(Debug, Clone, Copy)]
struct Moment {
    after: &'static [&'static str],
    /// Only with a transaction of the verifier's that L1 has and that is in no block.
    is_sending: bool,
    what: &'static str,
}

/// When it is killed; each begins to be waited for after the one before it.
const MOMENTS: [Moment; 6] = [
    Moment { after: &["disputed"], is_sending: false, what: "the dispute has just begun" },
    Moment { after: &["moved"], is_sending: true, what: "a move of its own is on its way to L1" },
    Moment { after: &["opened", "moved"], is_sending: false, what: "strides are compared" },
    Moment { after: &["opened", "sealed"], is_sending: false, what: "one step is left to show" },
    Moment { after: &["won"], is_sending: false, what: "a match is won" },
    Moment { after: &["credited"], is_sending: false, what: "there is something to collect" },
];

/// The moments that are still to come.
#[derive(Debug, Default)]
struct Moments {
    passed: usize,
    /// Events of the next one that were told.
    heard: usize,
}

impl Moments {
    fn hear(&mut self, event: &str) {
        let awaited = MOMENTS.get(self.passed).and_then(|moment| moment.after.get(self.heard));
        if awaited == Some(&event) {
            self.heard += 1;
        }
    }

    /// The next one, if it has come.
    fn due(&self) -> Option<Moment> {
        let moment = MOMENTS.get(self.passed)?;
        (self.heard == moment.after.len()).then_some(*moment)
    }

    const fn pass(&mut self) {
        self.passed += 1;
        self.heard = 0;
    }
}

/// What the verifier is told in its configuration file.
#[derive(Debug)]
pub(super) struct VerifierFile {
    pub(super) rollup: PathBuf,
    pub(super) database: String,
    pub(super) l1: String,
    pub(super) access_lists: String,
    pub(super) challenger_key: PathBuf,
    pub(super) proposer_key: Option<PathBuf>,
}

impl VerifierFile {
    /// With the patience that everything in a devnet has.
    fn text(&self) -> String {
        let quoted = |text: &str| json!(text).to_string();
        let path = |path: &Path| quoted(&path.display().to_string());
        let mut text = format!(
            "rollup_config = {}\ndatabase_url = {}\naccess_lists = {}\nchallenger_key_file = {}\n",
            path(&self.rollup),
            quoted(&self.database),
            quoted(&self.access_lists),
            path(&self.challenger_key),
        );
        if let Some(key) = &self.proposer_key {
            text += &format!("proposer_key_file = {}\n", path(key));
        }
        // Nobody asks it, so its door is anywhere.
        text + "metrics_listen = \"127.0.0.1:0\"\n"
            + &format!("[l1]\nendpoints = [{}]\n", quoted(&self.l1))
            + "blob_addressing = \"block-number\"\nl1_poll_interval = \"200ms\"\nretry_delay_min = \"50ms\"\n\
               [tx]\nl1_poll_interval = \"100ms\"\nresubmission_timeout = \"4s\"\nconfirmations = 1\n"
    }
}

/// How it is started.
#[derive(Debug)]
struct Service {
    binary: PathBuf,
    config: PathBuf,
    /// Which log lines it writes.
    logs: String,
}

impl Service {
    fn start(&self) -> Result<Child> {
        // The kernel kills it when the thread ends that starts it. A drill runs in the main thread.
        let mut command = Command::new("setpriv");
        command.args(["--pdeathsig", "KILL", "--"]).arg(&self.binary);
        command.args(["verifier", "--log", &self.logs, "--config"]).arg(&self.config);
        // They are above its file.
        for (name, _) in settings::variables() {
            command.env_remove(name);
        }
        command.stdin(Stdio::null()).stdout(Stdio::null()).kill_on_drop(true);
        command.spawn().wrap_err("cannot start the verifier")
    }
}

#[derive(Debug)]
enum State {
    Runs(Child),
    Away { since: Instant },
}

/// A verifier that is killed again and again.
#[derive(Debug)]
pub(super) struct MortalVerifier {
    service: Service,
    state: State,
    moments: Moments,
}

impl MortalVerifier {
    /// Starts it for the first time.
    pub(super) fn start(file: &VerifierFile, config: PathBuf, logs: String) -> Result<Self> {
        fs::write(&config, file.text()).wrap_err("cannot write the verifier's configuration")?;
        let binary = env::current_exe().wrap_err("cannot tell where this program is")?;
        let service = Service { binary, config, logs };
        let state = State::Runs(service.start()?);
        Ok(Self { service, state, moments: Moments::default() })
    }

    /// Takes note of what was told.
    pub(super) fn hear(&mut self, event: &str) {
        self.moments.hear(event);
    }

    /// Kills it if the moment has come, and starts it again some time later.
    ///
    /// # Errors
    /// When it has ended by itself.
    pub(super) async fn go_on(
        &mut self,
        client: &L1Client,
        account: Address,
        console: &Console,
    ) -> Result<()> {
        let child = match &mut self.state {
            State::Runs(child) => child,
            State::Away { since } => {
                if since.elapsed() >= AWAY {
                    self.state = State::Runs(self.service.start()?);
                    console.say("restarted", "the verifier is started again");
                }
                return Ok(());
            }
        };
        if let Some(status) = child.try_wait().wrap_err("cannot look at the verifier")? {
            bail!("the verifier ended by itself: {status}");
        }
        let Some(moment) = self.moments.due() else { return Ok(()) };
        if moment.is_sending && !is_sending(client, account).await? {
            return Ok(());
        }
        child.kill().await.wrap_err("cannot kill the verifier")?;
        self.state = State::Away { since: Instant::now() };
        self.moments.pass();
        console.say("killed", &format!("the verifier is killed: {}", moment.what));
        Ok(())
    }
}

/// Whether L1 has a transaction of the account that is in no block.
async fn is_sending(client: &L1Client, account: Address) -> Result<bool> {
    let failed = "cannot read a nonce";
    // The other way round, what is mined between the two would look like one on its way.
    let with_pending = client.provider().get_transaction_count(account).pending().await;
    let with_pending = with_pending.wrap_err(failed)?;
    let mined = client.provider().get_transaction_count(account).latest().await.wrap_err(failed)?;
    Ok(with_pending > mined)
}

#[cfg(test)]
mod tests {
    use l1::{L1Config, tx::TxConfig};

    use super::*;
    use crate::{args::ServiceArgs, settings::VerifierSettings};

    #[test]
    fn moments_come_one_after_the_other() {
        let mut moments = Moments::default();
        assert!(moments.due().is_none());
        for event in ["opened", "moved", "disputed", "opened"] {
            moments.hear(event);
        }
        assert_eq!(moments.due().unwrap().what, "the dispute has just begun");
        moments.pass();
        moments.hear("moved");
        assert!(moments.due().unwrap().is_sending);
        moments.pass();
        // The tournament that opened before is no news.
        moments.hear("moved");
        assert!(moments.due().is_none());
        for event in ["opened", "joined", "moved"] {
            moments.hear(event);
        }
        assert_eq!(moments.due().unwrap().after, ["opened", "moved"]);
        while moments.passed < MOMENTS.len() {
            moments.pass();
        }
        moments.hear("disputed");
        assert!(moments.due().is_none());
    }

    #[test]
    fn it_is_told_what_a_verifier_of_the_devnet_is() {
        let folder = tempfile::tempdir().unwrap();
        let config = folder.path().join("verifier.toml");
        let file = VerifierFile {
            rollup: folder.path().join("\"quoted\" \\ rollup.json"),
            database: "postgres://postgres@localhost:5432/verifier?host=/run".into(),
            l1: "http://127.0.0.1:1".into(),
            access_lists: "http://127.0.0.1:2".into(),
            challenger_key: folder.path().join("challenger.key"),
            proposer_key: Some(folder.path().join("proposer.key")),
        };
        fs::write(&config, file.text()).unwrap();
        let args = ServiceArgs {
            config: Some(config),
            rollup_config: None,
            database_url: None,
            l1_rpc: Vec::new(),
            metrics_listen: None,
            listen: None,
        };
        let read: VerifierSettings = settings::read(&args).unwrap();
        assert_eq!(format!("{:?}", read.l1), format!("{:?}", L1Config::for_anvil(&file.l1)));
        assert_eq!(format!("{:?}", read.tx), format!("{:?}", TxConfig::for_anvil()));
        assert_eq!(read.rollup_config, file.rollup);
        assert_eq!(read.database_url.reveal(), file.database);
        assert_eq!(read.access_lists, Some(file.access_lists));
        assert_eq!(read.challenger_key_file, Some(file.challenger_key));
        assert_eq!(read.proposer_key_file, file.proposer_key);
        assert_eq!(read.verifier, verifier::VerifierConfig::default());
    }
}
