fn main() {
    println!("quarterday");
}
