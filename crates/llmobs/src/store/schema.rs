//! The tables, and what happens to a file of another version.

use rusqlite::Connection;

/// The error of a database that cannot be used.
#[derive(Debug, thiserror::Error)]
pub(crate) enum StoreError {
    #[error(
        "the database {path} was written by a newer llmobs (format {found}, this one knows {known}). Update llmobs, or use another file with --db."
    )]
    Newer { path: String, found: i64, known: i64 },
    #[error("the file {path} is not a database of llmobs. Name another one with --db.")]
    Foreign { path: String },
    #[error("cannot create {path}: {source}")]
    Create { path: String, source: std::io::Error },
    #[error("cannot open the database {path}: {source}")]
    Open { path: String, source: rusqlite::Error },
    #[error("the database failed: {0}")]
    Sql(#[from] rusqlite::Error),
}

/// Sets up a connection that writes, and brings the tables up to date.
pub(super) fn prepare(connection: &Connection, path: &str) -> Result<(), StoreError> {
    let is_foreign = |error: rusqlite::Error| {
        let path = path.to_owned();
        let is_other = error.sqlite_error_code() == Some(rusqlite::ErrorCode::NotADatabase);
        if is_other { StoreError::Foreign { path } } else { StoreError::Open { path, source: error } }
    };
    let found: i64 = connection.query_row("PRAGMA user_version", [], |row| row.get(0)).map_err(is_foreign)?;
    let tables: i64 = connection.query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get(0))?;
    let application: i64 = connection.query_row("PRAGMA application_id", [], |row| row.get(0))?;
    if tables > 0 && application != APPLICATION {
        return Err(StoreError::Foreign { path: path.to_owned() });
    }
    if found > VERSION {
        return Err(StoreError::Newer { path: path.to_owned(), found, known: VERSION });
    }
    connection.execute_batch(
        "PRAGMA auto_vacuum = INCREMENTAL; PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL;
         PRAGMA foreign_keys = ON; PRAGMA busy_timeout = 5000; PRAGMA cache_size = -16384;",
    )?;
    // A migration is one entry: the tables of version n are those of n - 1 and what the entry does to them.
    for (version, sql) in (1..).zip(MIGRATIONS).filter(|(version, _)| *version > found) {
        connection.execute_batch(&format!("BEGIN; {sql} PRAGMA user_version = {version}; COMMIT;"))?;
    }
    connection.execute_batch(&format!("PRAGMA application_id = {APPLICATION};"))?;
    Ok(())
}

/// `llmo`.
const APPLICATION: i64 = 0x6c6c_6d6f;
const VERSION: i64 = 1;

const MIGRATIONS: [&str; 1] = ["
CREATE TABLE traces (
    id INTEGER PRIMARY KEY AUTOINCREMENT, trace TEXT NOT NULL UNIQUE, name TEXT NOT NULL, kind TEXT NOT NULL,
    ml_app TEXT NOT NULL, session TEXT, start_ns INTEGER NOT NULL, end_ns INTEGER NOT NULL, spans INTEGER NOT NULL,
    errors INTEGER NOT NULL, tokens_in INTEGER, tokens_out INTEGER, cost INTEGER, ttft_ns INTEGER,
    preview TEXT NOT NULL, error TEXT, models TEXT NOT NULL, tags TEXT NOT NULL, shape TEXT NOT NULL,
    bytes INTEGER NOT NULL, received_ms INTEGER NOT NULL);
CREATE INDEX traces_by_start ON traces (start_ns DESC, id DESC);
CREATE INDEX traces_by_session ON traces (session) WHERE session IS NOT NULL;
CREATE INDEX traces_by_arrival ON traces (received_ms);
CREATE TABLE spans (
    id INTEGER PRIMARY KEY AUTOINCREMENT, trace INTEGER NOT NULL REFERENCES traces (id) ON DELETE CASCADE,
    span TEXT NOT NULL, parent TEXT, name TEXT NOT NULL, kind TEXT NOT NULL, model TEXT, provider TEXT,
    ml_app TEXT NOT NULL, session TEXT, start_ns INTEGER NOT NULL, duration_ns INTEGER NOT NULL, failed INTEGER NOT NULL,
    tokens_in INTEGER, tokens_cached INTEGER, tokens_out INTEGER, cost INTEGER, ttft_ns INTEGER,
    preview TEXT NOT NULL, error TEXT, tags TEXT NOT NULL, bytes INTEGER NOT NULL, UNIQUE (trace, span));
CREATE INDEX spans_by_id ON spans (span);
CREATE TABLE bodies (id INTEGER PRIMARY KEY REFERENCES spans (id) ON DELETE CASCADE, json TEXT NOT NULL);
CREATE TABLE evaluations (
    id INTEGER PRIMARY KEY AUTOINCREMENT, span TEXT, trace TEXT, session TEXT, tag TEXT, label TEXT NOT NULL, value TEXT NOT NULL,
    assessment TEXT, feedback INTEGER NOT NULL, reasoning TEXT, json TEXT NOT NULL UNIQUE, received_ms INTEGER NOT NULL);
CREATE INDEX evaluations_by_span ON evaluations (span) WHERE span IS NOT NULL;
CREATE INDEX evaluations_by_trace ON evaluations (trace) WHERE trace IS NOT NULL;
CREATE TABLE unindexed (id INTEGER PRIMARY KEY);
CREATE VIRTUAL TABLE texts USING fts5 (body, content='', contentless_delete=1, tokenize=\"unicode61 remove_diacritics 2\");
CREATE TRIGGER spans_gone AFTER DELETE ON spans BEGIN
    DELETE FROM texts WHERE rowid = old.id;
    DELETE FROM unindexed WHERE id = old.id;
END;
"];
