//! What an operator lets deployments grant at most.
//!
//! Who may deploy is not who runs the host. A deployment is compared with the ceiling when it is made, and what is
//! stored is compared again for every attempt: the flags, the folders and the links in them may have changed since.

mod dirs;

use std::path::PathBuf;
use std::str::FromStr;
use std::sync::Arc;

use crate::grants::{DirGrant, Grants, GrantsError};
use crate::host_pattern::{HostPattern, Reach, Target};

pub(crate) use self::dirs::OpenDir;
pub use self::dirs::{CeilingError, DirCeiling};

/// The most that deployments may grant; cheap to clone. The default is any host by its full name, and no folder.
#[derive(Debug, Clone, Default)]
pub struct Ceiling(Arc<Parts>);

#[derive(Debug, Default)]
struct Parts {
    /// None: any.
    hosts: Option<Vec<HostCeiling>>,
    dirs: dirs::Dirs,
}

/// Hosts that deployments may let activities reach: `*`, `none`, or what a grant may say.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HostCeiling(Hosts);

#[derive(Debug, Clone, PartialEq, Eq)]
enum Hosts {
    /// `*`, on any port.
    All,
    /// `none`.
    None,
    Like(HostPattern),
}

impl Ceiling {
    /// `hosts`: none for any. `closed`: folders that no activity may reach, whatever is allowed.
    ///
    /// # Errors
    /// One of the folders cannot be used.
    pub fn new(hosts: Option<Vec<HostCeiling>>, dirs: &[DirCeiling], closed: &[PathBuf]) -> Result<Self, CeilingError> {
        Ok(Self(Arc::new(Parts { hosts, dirs: dirs::Dirs::new(dirs, closed)? })))
    }

    #[cfg(test)]
    pub(crate) fn of_hosts(hosts: Option<Vec<HostCeiling>>) -> Self {
        Self(Arc::new(Parts { hosts, dirs: dirs::Dirs::default() }))
    }

    /// Checks all that a deployment grants.
    ///
    /// # Errors
    /// The first grant that cannot be meant like this or is above the ceiling, and what to do.
    pub fn check(&self, grants: &Grants) -> Result<(), GrantsError> {
        grants.check()?;
        self.check_hosts(&grants.http)?;
        grants.dirs.iter().try_for_each(|dir| self.0.dirs.check(dir))
    }

    pub(crate) fn check_hosts(&self, granted: &[String]) -> Result<(), GrantsError> {
        let Some(hosts) = &self.0.hosts else { return Ok(()) };
        for host in granted {
            let pattern: HostPattern = host.parse().map_err(GrantsError::new)?;
            if !hosts.iter().any(|ceiling| ceiling.covers(&pattern)) {
                return Err(GrantsError::new(format!(
                    "the server does not let deployments grant the host `{host}`: start it with `--grant-http {host}`, \
                     or deploy without this host"
                )));
            }
        }
        Ok(())
    }

    /// Opens a granted folder.
    pub(crate) fn open(&self, dir: &DirGrant) -> Result<OpenDir, GrantsError> {
        self.0.dirs.open(dir)
    }

    pub(crate) fn reach(&self, target: &Target) -> Reach {
        let Some(hosts) = &self.0.hosts else { return Reach::AnyAddress };
        hosts.iter().map(|ceiling| ceiling.reach(target)).max().unwrap_or(Reach::Nowhere)
    }
}

impl HostCeiling {
    fn covers(&self, granted: &HostPattern) -> bool {
        match &self.0 {
            Hosts::All => true,
            Hosts::None => false,
            Hosts::Like(pattern) => pattern.covers(granted),
        }
    }

    fn reach(&self, target: &Target) -> Reach {
        match &self.0 {
            Hosts::All => Reach::PublicAddresses,
            Hosts::None => Reach::Nowhere,
            Hosts::Like(pattern) => pattern.reach(target),
        }
    }
}

impl FromStr for HostCeiling {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        Ok(Self(match text {
            "*" => Hosts::All,
            "none" => Hosts::None,
            text => Hosts::Like(text.parse()?),
        }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(hosts: Option<&[&str]>, granted: &str) -> Result<(), String> {
        let ceiling = Ceiling::of_hosts(hosts.map(|hosts| hosts.iter().map(|host| host.parse().unwrap()).collect()));
        let grants = Grants { http: vec![granted.to_owned()], ..Grants::default() };
        ceiling.check(&grants).map_err(|error| error.to_string())
    }

    #[test]
    fn without_a_ceiling_any_host_may_be_granted() {
        assert_eq!(check(None, "*.example.com"), Ok(()));
        assert_eq!(check(Some(&["*"]), "api.example.com:8443"), Ok(()));
    }

    #[test]
    fn hosts_above_the_ceiling_are_refused_with_the_flag_to_set() {
        assert_eq!(check(Some(&["a.example.com", "*.test"]), "b.test"), Ok(()));
        insta::assert_snapshot!(check(Some(&["none"]), "a.example.com").unwrap_err(), @"the server does not let deployments grant the host `a.example.com`: start it with `--grant-http a.example.com`, or deploy without this host");
        assert!(check(Some(&["a.example.com"]), "*.example.com").is_err());
        assert!(check(Some(&["a.example.com"]), "a.example.com:81").is_err());
    }

    #[test]
    fn grants_that_cannot_be_meant_are_refused_first() {
        insta::assert_snapshot!(check(Some(&["none"]), "http://a").unwrap_err(), @"`http://a` is not a host that can be allowed: write the host only, without scheme and path, as in `api.example.com`");
    }

    #[test]
    fn a_ceiling_that_is_no_host_is_refused() {
        assert!("http://a".parse::<HostCeiling>().is_err());
        assert!("".parse::<HostCeiling>().is_err());
    }
}
