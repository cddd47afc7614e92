//! The schema of the file and how an older one becomes the newest.

use rusqlite::Connection;

/// Tells our files from other people's: "Rond".
pub(crate) const APPLICATION_ID: i32 = 0x526f_6e64;

/// The newest schema.
pub(crate) const VERSION: u32 = 1;

/// Every step from an empty file to the newest schema. Released steps never change; new ones are added at the end.
const MIGRATIONS: [&str; VERSION as usize] = [include_str!("../migrations/0001_instances.sql")];

/// Brings the file from schema `from` to the newest one, each step in a transaction of its own.
pub(crate) fn migrate(connection: &mut Connection, from: u32) -> rusqlite::Result<()> {
    for (step, sql) in (1..).zip(MIGRATIONS).skip(from as usize) {
        let transaction = connection.transaction()?;
        transaction.execute_batch(sql)?;
        transaction.pragma_update(None, "application_id", APPLICATION_ID)?;
        transaction.pragma_update(None, "user_version", step)?;
        transaction.commit()?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use engine::Digest;

    use super::*;

    #[test]
    fn released_migrations_never_change() {
        let digests = MIGRATIONS.map(|sql| Digest::of(sql.as_bytes()).to_string());
        assert_eq!(
            digests,
            ["d0491844e42bc8fa883a5203f54a92b815842c084de5ff510685914265964992"],
            "add a migration instead"
        );
    }
}
