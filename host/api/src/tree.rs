//! An instance with its children, and theirs.
//!
//! Children are found in histories: those that the current execution has started, and those that it knows to be left of
//! earlier generations. What merely has the id of a child by now is not one. Detached children belong to nobody.

use std::collections::VecDeque;

use engine::{EventId, EventKind, ExecutionId, HistoryEvent, InstanceId};
use store::{Client, InstanceError, InstanceRow};

use crate::Problem;
use crate::limits::{TREE_DEPTH_MAX, TREE_EVENTS_PER_PAGE};
use crate::problem::Needs;

/// Deletes an instance and all its descendants; answers how many. Nothing is deleted if one of them has not ended.
///
/// From the leaves up: after a failure in between, the same call goes on.
pub(crate) async fn purge(client: &dyn Client, id: &InstanceId) -> Result<u64, Problem> {
    let mut tree = Tree::of(client, id).await?;
    while let Some(row) = tree.next(client).await? {
        if !row.state.status.is_terminal() {
            let error = InstanceError::WrongStatus(Box::new(row));
            return Err(Problem::instance(error, Needs::Ended));
        }
    }
    let mut tree = Tree::of(client, id).await?;
    let mut deleted = 0;
    while let Some(row) = tree.next(client).await? {
        match client.purge(&row.state.instance_id).await {
            Ok(()) => deleted += 1,
            // Somebody else purges, too.
            Err(InstanceError::NotFound(_)) => {}
            Err(error) => return Err(Problem::instance(error, Needs::Ended)),
        }
    }
    Ok(deleted)
}

/// An instance and its descendants, descendants before their ancestors.
struct Tree {
    /// From the root down to where it is being walked.
    branches: Vec<Branch>,
}

/// An instance whose descendants are being visited.
struct Branch {
    row: InstanceRow,
    /// Where the next page of its history begins; none after the last.
    next: Option<EventId>,
    /// Those of the page before that have not been visited.
    children: VecDeque<Child>,
}

/// What a history says about a child.
struct Child {
    id: InstanceId,
    /// How to tell it from what has its id by now.
    is: Is,
}

enum Is {
    /// By the execution of its parent.
    ChildOf(ExecutionId),
    /// By its own first execution.
    CameOf(ExecutionId),
}

impl Branch {
    fn of(row: InstanceRow) -> Self {
        Self { row, next: Some(EventId::FIRST), children: VecDeque::new() }
    }
}

impl Tree {
    async fn of(client: &dyn Client, id: &InstanceId) -> Result<Self, Problem> {
        let root = client.get(id).await?.ok_or_else(|| Problem::InstanceNotFound(id.clone()))?;
        Ok(Self { branches: vec![Branch::of(root)] })
    }

    async fn next(&mut self, client: &dyn Client) -> Result<Option<InstanceRow>, Problem> {
        while let Some(branch) = self.branches.last_mut() {
            if let Some(child) = branch.children.pop_front() {
                let Some(row) = find(client, &branch.row.state.instance_id, &child).await? else { continue };
                if self.branches.len() >= TREE_DEPTH_MAX {
                    let problem = format!("its children are nested more than {TREE_DEPTH_MAX} deep");
                    return Err(Problem::InvalidRequest(problem));
                }
                self.branches.push(Branch::of(row));
            } else if let Some(from) = branch.next {
                let page = client.history(&branch.row.state.instance_id, from, TREE_EVENTS_PER_PAGE).await?;
                branch.next = page.next;
                branch.children = page.events.iter().flat_map(|event| children(&branch.row, event)).collect();
            } else {
                return Ok(self.branches.pop().map(|Branch { row, .. }| row));
            }
        }
        Ok(None)
    }
}

fn children(parent: &InstanceRow, event: &HistoryEvent) -> Vec<Child> {
    match &event.kind {
        EventKind::SubOrchestrationCreated { instance_id, detached: false, .. } => {
            vec![Child { id: instance_id.clone(), is: Is::ChildOf(parent.state.execution_id) }]
        }
        EventKind::ExecutionStarted(started) => {
            let left = started.left_children.iter().flatten();
            left.map(|left| Child { id: left.instance_id.clone(), is: Is::CameOf(left.execution_id) }).collect()
        }
        _ => Vec::new(),
    }
}

/// The row of a child, if it is still there.
async fn find(client: &dyn Client, parent: &InstanceId, child: &Child) -> Result<Option<InstanceRow>, Problem> {
    let row = client.get(&child.id).await?;
    Ok(row.filter(|row| match child.is {
        Is::CameOf(execution_id) => row.state.lineage().is_known_as(execution_id),
        Is::ChildOf(execution_id) => row
            .state
            .parent
            .as_ref()
            .is_some_and(|of_child| of_child.instance_id == *parent && of_child.execution_id == execution_id),
    }))
}
