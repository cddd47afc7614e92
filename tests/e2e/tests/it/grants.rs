//! What deployments grant, and what the operator lets them grant.

use std::fs;

use e2e::{Example, Server, WebPage, guest};

/// Sends grants as a deployer would who does not use `rondo deploy`; answers with the status and the problem.
fn deploy(server: &Server, grants: &str) -> (u16, String) {
    let bytes = fs::read(guest("greeter_v1").unwrap()).unwrap();
    let agent = ureq::Agent::config_builder().http_status_as_error(false).build().new_agent();
    let call = agent.post(format!("{}/rondo/components?name=a", server.url())).header("x-rondo-grants", grants);
    let mut answer = call.send(&bytes).unwrap();
    (answer.status().as_u16(), answer.body_mut().read_to_string().unwrap())
}

#[test]
fn a_deployment_grants_what_can_be_meant_and_what_the_operator_allows() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| {
        let path = folder.path().join(name);
        fs::create_dir_all(&path).unwrap();
        fs::canonicalize(path).unwrap().display().to_string()
    };
    let (data, inside, outside) = (path("data"), path("in"), path("out"));
    std::os::unix::fs::symlink(&outside, format!("{inside}/link")).unwrap();
    let flags = ["--grant-http", "*.example.com", "--grant-dirs", &inside];
    let server = Server::start_with(data.as_ref(), &flags).unwrap();
    let dir = |host: &str| format!(r#"{{"dirs":[{{"host":"{host}","guest":"/data"}}]}}"#);
    for (grants, problem) in [
        (dir("relative"), "must be given by its absolute path"),
        (dir(""), "must be given by its absolute path"),
        (dir("/\\u0000"), "must be given by its absolute path"),
        (r#"{"env":{"A=B":""}}"#.to_owned(), "is not the name of an environment variable"),
        (r#"{"http":["http://a"]}"#.to_owned(), "is not a host that can be allowed"),
        (r#"{"folders":[]}"#.to_owned(), "unknown field"),
        (r#"{"http":["a.test"]}"#.to_owned(), "--grant-http a.test"),
        (dir(&outside), &*format!("--grant-dirs {outside}")),
        (dir(&format!("{inside}/../out")), &*format!("--grant-dirs {outside}")),
        (dir(&format!("{inside}/link")), &*format!("--grant-dirs {outside}")),
        (dir(&data), "the server's own data"),
        (dir("/"), "the server's own data"),
    ] {
        let (status, answer) = deploy(&server, &grants);
        assert_eq!(status, 400, "{grants}: {answer}");
        assert!(answer.contains("invalid-grants") && answer.contains(problem), "{grants}: {answer}");
    }
    assert_eq!(server.json(&["components"]).unwrap().as_array().map(Vec::len), Some(0));
    assert_eq!(deploy(&server, r#"{"http":["a.example.com"]}"#).0, 201);
    assert_eq!(deploy(&server, &dir(&inside)).0, 201);
}

#[test]
fn what_was_granted_before_the_ceiling_was_lowered_fails_attempts_and_not_the_start() {
    let example = Example::all().unwrap().into_iter().find(|example| example.name == "http_fetch").unwrap();
    let folder = tempfile::tempdir().unwrap();
    let page = WebPage::serve("Hello\n").unwrap();
    let component = example.component().unwrap();
    let deploy = ["deploy", component.to_str().unwrap(), "--allow-http", &page.authority()];
    let server = Server::start(folder.path()).unwrap();
    server.ok(&deploy).unwrap();
    server.stop().unwrap();

    let server = Server::start_with(folder.path(), &["--grant-http", "none"]).unwrap();
    let input = page.fill_in(&example.run.input.to_string());
    server.ok(&["start", &example.run.orchestration, "--id", "a", "--input", &input]).unwrap();
    let answer = server.rondo(&["wait", "a", "--timeout", "60s"]).unwrap();
    assert_eq!(answer.code, 4, "{answer:?}");
    let flag = format!("--grant-http {}", page.authority());
    assert!(answer.stdout.contains(&flag), "{answer:?}");
    assert_eq!(page.served(), 0);
    let refused = server.rondo(&deploy).unwrap();
    assert_eq!(refused.code, 2, "{refused:?}");
    assert!(refused.stderr.contains(&flag), "{refused:?}");
}
