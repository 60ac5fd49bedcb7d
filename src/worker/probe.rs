//! A handler that tries to get out, so that a test can see that it cannot.
//!
//! Harmless by construction: it does what any code in a worker could do.

use std::net::TcpStream;
use std::process::Command;

use serde_json::{Value, json};

use super::Output;

/// Does what `request` names under `try` and answers `{"refused": reason}` or `{"done": …}`, if it lives.
///
/// # Errors
/// When the request names nothing this knows.
pub fn probe(request: Value, input: Vec<u8>, output: &mut Output) -> Result<(), String> {
    let target = request["at"].as_str().unwrap_or_default();
    let outcome = match request["try"].as_str().unwrap_or_default() {
        "echo" => {
            output.bytes(&input).map_err(|error| error.to_string())?;
            Ok(input.len().to_string())
        }
        "read" => std::fs::read(target).map(|bytes| bytes.len().to_string()),
        "write" => std::fs::write(target, "x").map(|()| String::new()),
        "connect" => TcpStream::connect(target).map(|_| String::new()),
        "spawn" => Command::new(target).status().map(|status| status.to_string()),
        "thread" => std::thread::Builder::new()
            .spawn(|| "a thread ran".to_owned())
            .map(|thread| thread.join().unwrap_or_default()),
        "environment" => Ok(std::env::vars_os().count().to_string()),
        "allocate" => Ok(vec![1_u8; request["bytes"].as_u64().unwrap_or_default() as usize].len().to_string()),
        "fill" => {
            let chunk = vec![0; 1 << 20];
            loop {
                output.bytes(&chunk).map_err(|error| error.to_string())?;
            }
        }
        "panic" => panic!("the cell holds {target}"),
        "abort" => std::process::abort(),
        "overflow" => Ok(deeper(0).to_string()),
        "sleep" => loop {
            std::thread::park();
        },
        "refuse" => return Err("as asked".to_owned()),
        other => return Err(format!("{other:?} is nothing a probe tries")),
    };
    let answer = match outcome {
        Ok(done) => json!({ "done": done }),
        Err(error) => json!({ "refused": error.to_string() }),
    };
    output.json(&answer).map_err(|error| error.to_string())
}

/// Recursion that the compiler cannot turn into a loop.
fn deeper(depth: u64) -> u64 {
    let frame = std::hint::black_box([depth; 64]);
    if depth == u64::MAX { 0 } else { deeper(frame[0] + 1) + frame[63] }
}
