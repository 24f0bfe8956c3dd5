//! The table of settings: one row each, and the only place that spells their variables.
//!
//! A row makes the variable that users see ([`VARIABLES`](super::VARIABLES)), the field of [`Config`](super::Config),
//! the parser, the range check with its warning, the method of the builder, and the row in `docs/configuration.md`.
//!
//! | member | what it is |
//! |---|---|
//! | the name and its doc comment | the field, the builder's method, and what the method says beyond `meaning` |
//! | the kind | how a value is stored and read, and what the method takes ([`kinds`](super::kinds)) |
//! | `variable` | the environment variable |
//! | `value` | what a value is; for a number its unit |
//! | `least`, `most` | the range of a number; outside of it the default holds, with a warning |
//! | `default` | for a number the value itself, read as a value of the variable is; otherwise in words |
//! | `method` | `generated`, or the name of a method that is written by hand, or `""` if there is none |
//! | `meaning` | one sentence for users, the first of the method's documentation |

/// Hands the rows to the macro `$consume`.
macro_rules! settings_table {
    ($consume:ident) => {
        $consume! {
            general {
                /// Code overrules the environment in both directions: do not call this if operators are to decide.
                enabled: Switch {
                    variable: "DD_LLMOBS_ENABLED",
                    value: "boolean",
                    default: "true",
                    method: generated,
                    meaning: "Switches capture and export on; when off, there is no thread and no socket, and no other setting is read.",
                }
                /// A span can replace it for itself and the spans below. At most 193 characters: small letters, digits,
                /// `_`, `-`, `:`, `.` and `/`; no two underscores in a row, none at the end. A name in code that breaks
                /// one of these rules fails at start; one of the environment is sent as it is, with a warning, as
                /// Datadog's Python SDK does. [`agent_service`](Self::agent_service) is the same under its newer name.
                ml_app: Text {
                    variable: "DD_LLMOBS_ML_APP",
                    value: "text",
                    default: "the service, else the executable's name",
                    method: generated,
                    meaning: "Names the LLM application.",
                }
                /// With neither, the Agent is asked when the first events are sent; if it does not take them, they go
                /// straight to the intake.
                agentless: Switch {
                    variable: "DD_LLMOBS_AGENTLESS_ENABLED",
                    value: "boolean",
                    default: "asked of the Agent",
                    method: generated,
                    meaning: "Sends events straight to the intake (true, which needs an API key and TLS) or through a Datadog Agent (false).",
                }
                /// Visible ASCII, at most 1024 characters; otherwise start fails.
                api_key: Key {
                    variable: "DD_API_KEY",
                    value: "text",
                    default: "none",
                    method: generated,
                    meaning: "Sets the API key, which the intake needs; it is never sent to an Agent.",
                }
                /// For example `datadoghq.eu`; [`Site`](crate::Site) has the rules.
                site: Text {
                    variable: "DD_SITE",
                    value: "domain",
                    default: "datadoghq.com",
                    method: generated,
                    meaning: "Sets the Datadog site.",
                }
                service: Text {
                    variable: "DD_SERVICE",
                    value: "text",
                    default: "the tag service of DD_TAGS, else empty",
                    method: generated,
                    meaning: "Sets the service that every span is tagged with.",
                }
                /// For example `prod`.
                env: Text {
                    variable: "DD_ENV",
                    value: "text",
                    default: "the tag env of DD_TAGS, else empty",
                    method: generated,
                    meaning: "Sets the environment that every span is tagged with.",
                }
                version: Text {
                    variable: "DD_VERSION",
                    value: "text",
                    default: "the tag version of DD_TAGS, else empty",
                    method: generated,
                    meaning: "Sets the version of the application that every span is tagged with.",
                }
                tags: Text {
                    variable: "DD_TAGS",
                    value: "key:value, separated by commas or else by spaces",
                    default: "none",
                    method: "tag",
                    meaning: "Adds tags to every span; a span's own tags win.",
                }
                /// `http://host:port`, `https://…`, or `unix:///path/of/the/socket`. User names, queries and fragments
                /// are refused at start. The environment can also give host and port: `DD_TRACE_AGENT_HOSTNAME` or
                /// `DD_AGENT_HOST`, and `DD_TRACE_AGENT_PORT` or `DD_AGENT_PORT`. With none of them, the socket
                /// `/var/run/datadog/apm.socket` is used if it exists, otherwise `http://localhost:8126`.
                agent_url: Url {
                    variable: "DD_TRACE_AGENT_URL",
                    value: "URL (http, https, unix)",
                    default: "from the four variables below",
                    method: generated,
                    meaning: "Sets the address of the Datadog Agent; a path is kept as a prefix.",
                }
                trace_agent_hostname: Text {
                    variable: "DD_TRACE_AGENT_HOSTNAME",
                    value: "host",
                    default: "the next variable",
                    method: "agent_url",
                    meaning: "Sets the Agent's host, if there is no URL.",
                }
                agent_host: Text {
                    variable: "DD_AGENT_HOST",
                    value: "host",
                    default: "localhost",
                    method: "agent_url",
                    meaning: "Sets the Agent's host, if the variable above is not set.",
                }
                trace_agent_port: Text {
                    variable: "DD_TRACE_AGENT_PORT",
                    value: "port",
                    default: "the next variable",
                    method: "agent_url",
                    meaning: "Sets the Agent's port, if there is no URL.",
                }
                agent_port: Text {
                    variable: "DD_AGENT_PORT",
                    value: "port",
                    default: "8126",
                    method: "agent_url",
                    meaning: "Sets the Agent's port, if the variable above is not set.",
                }
                /// Headers and paths stay those of the route that was chosen, except that a path in this URL takes the
                /// place of the Agent's prefix. An unencrypted URL to another machine is refused at start if there is an
                /// API key, because key and prompts would travel in clear.
                override_origin: Url {
                    variable: "DD_LLMOBS_OVERRIDE_ORIGIN",
                    value: "URL (http, https, unix)",
                    default: "none",
                    method: generated,
                    meaning: "Sends events to this address in place of the intake or the Agent, for tests and gateways.",
                }
                capture_instrument: Switch {
                    variable: "DD_LLMOBS_CAPTURE_INSTRUMENT",
                    value: "boolean",
                    default: "true",
                    method: generated,
                    meaning: "Takes input, output and error from what `#[instrument]` records (arguments, `ret`, `err`) where a span sets none itself.",
                }
                /// Applies to every text, name, tag and error that leaves, in spans, evaluations and feedback, before processors
                /// see them. `docs/security.md` says what the rule finds and what it does not.
                hide_secrets: Switch {
                    variable: "DD_LLMOBS_HIDE_SECRETS",
                    value: "boolean",
                    default: "true",
                    method: generated,
                    meaning: "Replaces credentials by `[secret]`: by the name of what holds them (`password`, `api_key`) and by their shape (`Bearer …`, keys in URLs).",
                }
                /// JSON that is recorded with `%` or `?` is always read, because a program wrote it.
                json_in_strings: Switch {
                    variable: "DD_LLMOBS_JSON_IN_STRINGS",
                    value: "boolean",
                    default: "false",
                    method: generated,
                    meaning: "Reads JSON messages in plain strings of the fields for input and output; only for programs whose users cannot write these strings.",
                }
                integrations: Text {
                    variable: "DD_LLMOBS_INTEGRATIONS",
                    value: "names, separated by commas",
                    default: "all",
                    method: "integrations",
                    meaning: "Chooses the conventions of other crates whose spans become LLM spans: all, none, or some of the names below.",
                }
                /// An `llm` span that calls one, through the client layers of this crate, becomes a `workflow`, so that no call is
                /// counted twice. A request goes to a gateway when scheme, host and port are equal and its path is that
                /// of the gateway or below it.
                instrumented_proxy_urls: Text {
                    variable: "DD_LLMOBS_INSTRUMENTED_PROXY_URLS",
                    value: "URLs, separated by commas",
                    default: "none",
                    method: generated,
                    meaning: "Names gateways that report the model calls made through them.",
                }
                stderr: Stderr {
                    variable: "DD_LLMOBS_STDERR",
                    value: "last-resort, always or never",
                    default: "last-resort",
                    method: "stderr",
                    meaning: "Prints warnings of this crate on stderr: if no layer listens to the target tracing_llmobs, always, or never.",
                }
                otel: Switch {
                    variable: "DD_TRACE_OTEL_ENABLED",
                    value: "boolean",
                    default: "false",
                    method: "",
                    meaning: "Tags evaluations with source:otel, because the spans they are about come through OpenTelemetry and the intake has to wait for them.",
                }
                certificate_file: Text {
                    variable: "SSL_CERT_FILE",
                    value: "path",
                    default: "none",
                    method: "",
                    meaning: "Names a file of certificates in PEM that are trusted in place of the system's; read at start if anything is sent by https.",
                }
                lambda_function: Text {
                    variable: "AWS_LAMBDA_FUNCTION_NAME",
                    value: "text",
                    default: "none",
                    method: "",
                    meaning: "Set by AWS Lambda; then no idle connection is kept, since none would survive the freeze between invocations.",
                }
            }
            tuning {
                /// The decision is made at the root of a trace, and all spans are sent with it, so that Datadog's metrics stay
                /// exact.
                sample_rate: Share {
                    variable: "DD_LLMOBS_SAMPLE_RATE",
                    value: "share",
                    least: "0",
                    most: "1",
                    default: "1",
                    method: generated,
                    meaning: "Sets the share of traces that the intake keeps.",
                }
                max_event_bytes: Count {
                    variable: "DD_LLMOBS_EVENT_SIZE_BYTES",
                    value: "bytes",
                    least: "1000",
                    most: "10000000",
                    default: "5000000",
                    method: generated,
                    meaning: "Sets the size of one event's JSON above which its input and output are left out.",
                }
                /// Agents may refuse more than 5 MiB.
                max_payload_bytes: Count {
                    variable: "DD_LLMOBS_PAYLOAD_SIZE_BYTES",
                    value: "bytes",
                    least: "1000",
                    most: "10000000",
                    default: "5000000",
                    method: generated,
                    meaning: "Sets the size that the body of a request does not exceed.",
                }
                flush_interval: Seconds {
                    variable: "_DD_LLMOBS_WRITER_INTERVAL",
                    value: "seconds",
                    least: "0.001",
                    most: "3600",
                    default: "1",
                    method: generated,
                    meaning: "Sets the longest time that a finished span waits for others before it is sent.",
                }
                /// Connecting alone never takes more than 2 seconds of it.
                request_timeout: Seconds {
                    variable: "_DD_LLMOBS_WRITER_TIMEOUT",
                    value: "seconds",
                    least: "0.001",
                    most: "600",
                    default: "5",
                    method: generated,
                    meaning: "Sets the longest time for one request, the connection included.",
                }
                info_timeout: Seconds {
                    variable: "DD_TRACE_AGENT_TIMEOUT_SECONDS",
                    value: "seconds",
                    least: "0.001",
                    most: "60",
                    default: "2",
                    method: generated,
                    meaning: "Sets the longest time for the Agent to answer whether it takes the events.",
                }
                queue_max_items: Count {
                    variable: "DD_LLMOBS_QUEUE_MAX_ITEMS",
                    value: "items",
                    least: "1",
                    most: "16777216",
                    default: "131072",
                    method: generated,
                    meaning: "Limits how many finished spans wait to be sent; more are refused and counted.",
                }
                queue_max_bytes: Count {
                    variable: "DD_LLMOBS_QUEUE_MAX_BYTES",
                    value: "bytes",
                    least: "1",
                    most: "1073741824",
                    default: "134217728",
                    method: generated,
                    meaning: "Limits the bytes of the finished spans that wait to be sent; more are refused and counted.",
                }
                /// Beyond the limit the span gives way that has been idle longest, which is counted as lost
                /// ([`LossReason::OpenSpans`](crate::LossReason::OpenSpans)): a span that never closes holds up no others. A small
                /// span counts for about 900 bytes.
                ///
                /// Requests and responses of calls that this crate's client layers observe count too. Beyond half of the limit a response is
                /// parsed as it comes, so that only its texts are kept; beyond three quarters its content is lost
                /// ([`Problem::Oversize`](crate::Problem::Oversize)).
                open_spans_max_bytes: Count {
                    variable: "DD_LLMOBS_OPEN_SPANS_MAX_BYTES",
                    value: "bytes",
                    least: "1",
                    most: "1073741824",
                    default: "67108864",
                    method: generated,
                    meaning: "Limits the bytes of open spans and of calls in flight; the span that has been idle longest gives way and is counted.",
                }
                shutdown_timeout: Seconds {
                    variable: "DD_LLMOBS_SHUTDOWN_TIMEOUT_SECONDS",
                    value: "seconds",
                    least: "0",
                    most: "3600",
                    default: "5",
                    method: generated,
                    meaning: "Sets how long dropping the guard waits for pending spans; 0 does not wait.",
                }
            }
        }
    };
}

pub(crate) use settings_table;
