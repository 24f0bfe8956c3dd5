//! Requests as the servers of the benchmarks read them: as little of HTTP as there must be.

use std::io::{BufRead, Error, Result};

/// Reads the next request into `body`, and says whether there was one.
pub fn read(requests: &mut impl BufRead, body: &mut Vec<u8>) -> Result<bool> {
    let (mut line, mut length) = (String::new(), 0);
    loop {
        line.clear();
        if requests.read_line(&mut line)? == 0 {
            return Ok(false);
        }
        if line.trim().is_empty() {
            break;
        }
        let Some((name, value)) = line.split_once(':') else { continue };
        if name.eq_ignore_ascii_case("content-length") {
            length = value.trim().parse().map_err(Error::other)?;
        }
    }
    body.resize(length, 0);
    requests.read_exact(body)?;
    Ok(true)
}
