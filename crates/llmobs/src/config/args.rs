//! The command line.

use std::ffi::OsString;
use std::net::{IpAddr, Ipv4Addr};
use std::path::PathBuf;

/// A command.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Command {
    View(ViewArguments),
    Help,
    Version,
}

/// The arguments of `llmobs view`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ViewArguments {
    pub(crate) address: IpAddr,
    pub(crate) port: u16,
    /// `None` for the file in the folder for data of the user.
    pub(crate) database: Option<PathBuf>,
    pub(crate) is_in_memory: bool,
    pub(crate) opens_browser: bool,
    pub(crate) token: Option<String>,
    pub(crate) allowed_hosts: Vec<String>,
    pub(crate) allowed_ingest: Vec<String>,
}

impl Default for ViewArguments {
    fn default() -> Self {
        Self {
            address: IpAddr::V4(Ipv4Addr::LOCALHOST),
            port: 8126,
            database: None,
            is_in_memory: false,
            opens_browser: false,
            token: None,
            allowed_hosts: Vec::new(),
            allowed_ingest: Vec::new(),
        }
    }
}

/// The error of a command line.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum ArgumentError {
    #[error("there is no command {0:?}. The commands are: view, help.")]
    UnknownCommand(String),
    #[error("there is no option {0:?}. `llmobs help` lists all.")]
    UnknownOption(String),
    #[error("the option {0} needs a value.")]
    MissingValue(&'static str),
    #[error("the value {value:?} of {option} is not {wanted}.")]
    BadValue { option: &'static str, value: String, wanted: &'static str },
    #[error("--db and --memory exclude each other.")]
    TwoPlaces,
    #[error(
        "--address {0} can be reached from other machines: choose a secret with --token. Pages and senders of other machines need it; --allow-ingest opens sending for a network."
    )]
    NoToken(IpAddr),
}

/// Parses the arguments behind the name of the program. No arguments are `help`.
pub(crate) fn parse(arguments: Vec<OsString>) -> Result<Command, ArgumentError> {
    let mut rest = Rest(arguments.into_iter());
    match rest.next().as_deref() {
        None | Some("help" | "--help" | "-h") => Ok(Command::Help),
        Some("--version" | "-V" | "version") => Ok(Command::Version),
        Some("view") => view(rest),
        Some(other) => Err(ArgumentError::UnknownCommand(other.to_owned())),
    }
}

fn view(mut rest: Rest) -> Result<Command, ArgumentError> {
    let mut view = ViewArguments::default();
    while let Some(option) = rest.next() {
        let (name, own) =
            option.split_once('=').map_or((option.as_str(), None), |(name, own)| (name, Some(own.to_owned())));
        match name {
            "--port" | "-p" => view.port = number(&rest.value("--port", own)?)?,
            "--address" => view.address = address(&rest.value("--address", own)?)?,
            "--db" => view.database = Some(PathBuf::from(rest.value("--db", own)?)),
            "--memory" => view.is_in_memory = true,
            "--open" => view.opens_browser = true,
            "--token" => view.token = Some(rest.value("--token", own)?).filter(|token| !token.is_empty()),
            "--allow-host" => view.allowed_hosts.push(rest.value("--allow-host", own)?),
            "--allow-ingest" => view.allowed_ingest.push(network(rest.value("--allow-ingest", own)?)?),
            "--help" | "-h" => return Ok(Command::Help),
            other => return Err(ArgumentError::UnknownOption(other.to_owned())),
        }
    }
    if view.is_in_memory && view.database.is_some() {
        return Err(ArgumentError::TwoPlaces);
    }
    if !view.address.is_loopback() && view.token.is_none() {
        return Err(ArgumentError::NoToken(view.address));
    }
    Ok(Command::View(view))
}

/// The arguments that are left.
#[derive(Debug)]
struct Rest(std::vec::IntoIter<OsString>);

impl Rest {
    fn next(&mut self) -> Option<String> {
        self.0.next().map(|text| text.to_string_lossy().into_owned())
    }

    fn value(&mut self, option: &'static str, own: Option<String>) -> Result<String, ArgumentError> {
        own.or_else(|| self.next()).ok_or(ArgumentError::MissingValue(option))
    }
}

fn number(value: &str) -> Result<u16, ArgumentError> {
    let bad =
        || ArgumentError::BadValue { option: "--port", value: value.to_owned(), wanted: "a number from 0 to 65535" };
    value.parse().map_err(|_| bad())
}

fn address(value: &str) -> Result<IpAddr, ArgumentError> {
    let bad = || ArgumentError::BadValue { option: "--address", value: value.to_owned(), wanted: "an IP address" };
    if value == "localhost" { Ok(IpAddr::V4(Ipv4Addr::LOCALHOST)) } else { value.parse().map_err(|_| bad()) }
}

fn network(value: String) -> Result<String, ArgumentError> {
    let wanted = "a network such as 172.16.0.0/12";
    if crate::web::access::Network::parse(&value).is_some() {
        Ok(value)
    } else {
        Err(ArgumentError::BadValue { option: "--allow-ingest", value, wanted })
    }
}

/// The text of `llmobs help`.
pub(crate) const HELP: &str = "\
llmobs: LLM traces in the browser, on this machine.

llmobs view                  takes traces on 127.0.0.1:8126, where an Agent of Datadog would, and shows them there
    --port N                 another port; 0 takes any that is free
    --db FILE                the file that keeps traces; default is llmobs/traces.db in your folder for data
    --memory                 keeps traces until the end of the program only
    --open                   opens the browser
    --address ADDRESS        listens on another address; needs --token
    --token SECRET           a secret for other machines: pages by ?token=…, senders as DD-API-KEY
    --allow-ingest NETWORK   machines of this network may send without the token, such as 172.16.0.0/12
    --allow-host NAME        a host name under which the viewer is reached

llmobs help, llmobs version
";

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(text: &str) -> Result<Command, ArgumentError> {
        parse(text.split_whitespace().map(OsString::from).collect())
    }

    #[test]
    fn options_are_parsed() {
        let view = |change: fn(&mut ViewArguments)| {
            let mut view = ViewArguments::default();
            change(&mut view);
            Ok(Command::View(view))
        };
        for (text, command) in [
            ("", Ok(Command::Help)),
            ("--version", Ok(Command::Version)),
            ("view", view(|_| {})),
            (
                "view --port 0 --memory --open",
                view(|own| (own.port, own.is_in_memory, own.opens_browser) = (0, true, true)),
            ),
            ("view --port=99 --db=/x", view(|own| (own.port, own.database) = (99, Some("/x".into())))),
            ("look", Err(ArgumentError::UnknownCommand("look".to_owned()))),
            ("view --prot 1", Err(ArgumentError::UnknownOption("--prot".to_owned()))),
            ("view --port", Err(ArgumentError::MissingValue("--port"))),
            ("view --memory --db x", Err(ArgumentError::TwoPlaces)),
            ("view --address 0.0.0.0", Err(ArgumentError::NoToken(IpAddr::V4(Ipv4Addr::UNSPECIFIED)))),
        ] {
            assert_eq!(parsed(text), command, "{text}");
        }
        for text in ["view --port 70000", "view --address here", "view --allow-ingest 10/8"] {
            assert!(matches!(parsed(text), Err(ArgumentError::BadValue { .. })), "{text}");
        }
    }
}
