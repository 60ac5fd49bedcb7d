fn main() { println!("quarterday"); }
