//! Every example does on Azure Storage what it does on a disk.

use e2e::Example;

use super::world::World;
use crate::examples::{expected_history, history_of};

#[test]
fn every_example_records_on_azure_the_history_that_it_records_on_a_disk() {
    let world = World::new();
    let host = world.host("a", &["--partitions", "2"]);
    for example in Example::all().unwrap() {
        assert_eq!(history_of(&example, &host), expected_history(&example), "{}", example.name);
    }
    host.stop().unwrap();
}
