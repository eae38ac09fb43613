//! Prints a greeting.

fn main() {
    let name = std::env::args().nth(1).unwrap_or_else(|| "crates".to_owned());
    println!("{}", quickstart_greet_core::greeting(&name));
}
