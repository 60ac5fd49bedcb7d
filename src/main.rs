use std::process::ExitCode;

use quarterday::worker::Kind;

fn main() -> ExitCode {
    let mut arguments = std::env::args().skip(1);
    match (arguments.next().as_deref(), arguments.next().map(|kind| kind.parse())) {
        (Some("worker"), Some(Ok(Kind::Typst))) => quarterday::pack::serve_typst(),
        (Some("worker"), Some(Ok(kind))) => quarterday::decode::serve_worker(kind).unwrap_or(ExitCode::FAILURE),
        _ => ExitCode::FAILURE,
    }
}
