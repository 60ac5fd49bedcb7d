//! A contract: any text is a contract or a list of what is wrong with it.

#![no_main]

use libfuzzer_sys::fuzz_target;
use quarterday::{
    check::Contract,
    settings::{Problems, read_text},
};

fuzz_target!(|data: &[u8]| {
    let Ok(text) = std::str::from_utf8(data) else { return };
    let mut problems = Problems::default();
    let Some(document) = read_text("return.toml", text, &mut problems) else {
        assert!(!problems.is_empty(), "what cannot be read is told");
        return;
    };
    let contract = Contract::settle("fuzzed".parse().expect("a name"), &document);
    problems.merge(document.finish());
    assert!(contract.is_some() || !problems.is_empty(), "why there is no contract is told");
    // What is told can be shown.
    let _ = problems.to_string();
});
