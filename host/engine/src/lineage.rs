//! Which executions are one and the same for those outside: the generations of a continue-as-new.

use crate::{ExecutionId, ExecutionStarted, InstanceState, Parent, limits};

/// An execution as one of a chain of generations.
///
/// A message that was accepted for one generation is for all that follow, and for none that is created later under the
/// same instance id.
#[derive(Debug, Clone, Copy)]
pub struct Lineage<'a> {
    execution_id: ExecutionId,
    first_execution: Option<ExecutionId>,
    generation: u32,
    parent: Option<&'a Parent>,
}

impl<'a> Lineage<'a> {
    /// From what is stored of an execution.
    pub fn new(
        execution_id: ExecutionId,
        first_execution: Option<ExecutionId>,
        generation: u32,
        parent: Option<&'a Parent>,
    ) -> Self {
        Self { execution_id, first_execution, generation, parent }
    }

    /// The first generation; none if this is a later one of a chain that was begun by a build which recorded no first.
    pub fn first(&self) -> Option<ExecutionId> {
        if self.generation == 0 {
            return Some(self.execution_id);
        }
        self.first_execution.or_else(|| self.parent.map(Parent::first_of_child))
    }

    /// How a message names this execution and all its later generations.
    pub fn name(&self) -> ExecutionId {
        self.first().unwrap_or(self.execution_id)
    }

    /// Whether `id` is that of this generation or of the first. Costs nothing worth mentioning, and does not recognise the
    /// generations in between.
    pub fn is_known_as(&self, id: ExecutionId) -> bool {
        id == self.execution_id || self.first() == Some(id)
    }

    /// The same. Where the first generation is not known, also whether this one came of `id`: a hash for each generation.
    pub fn came_of(&self, id: ExecutionId) -> bool {
        if self.is_known_as(id) {
            return true;
        }
        let is_unknown = self.first().is_none();
        let generations = if is_unknown { self.generation.min(limits::GENERATIONS_FOLLOWED_MAX) } else { 0 };
        let mut id = id;
        (0..generations).any(|_| {
            id = id.next();
            id == self.execution_id
        })
    }
}

impl Parent {
    /// The execution that the parent has started for the attempt that it waits for.
    pub fn first_of_child(&self) -> ExecutionId {
        self.execution_id.child(self.task, self.attempt)
    }
}

impl ExecutionStarted {
    /// The chain of generations that this execution is one of.
    pub fn lineage(&self) -> Lineage<'_> {
        let Self { execution_id, first_execution, generation, parent, .. } = self;
        Lineage::new(*execution_id, *first_execution, *generation, parent.as_ref())
    }
}

impl InstanceState {
    /// The chain of generations that the current execution is one of.
    pub fn lineage(&self) -> Lineage<'_> {
        let Self { execution_id, first_execution, generation, parent, .. } = self;
        Lineage::new(*execution_id, *first_execution, *generation, parent.as_ref())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{InstanceId, TaskId};

    fn id(number: u8) -> ExecutionId {
        ExecutionId::from_bytes([number; 16])
    }

    fn chain(execution_id: ExecutionId, generation: u32) -> Lineage<'static> {
        Lineage { execution_id, first_execution: None, generation, parent: None }
    }

    #[test]
    fn the_first_generation_is_named_by_its_own_id() {
        let first = chain(id(1), 0);
        assert_eq!((first.first(), first.name()), (Some(id(1)), id(1)));
        assert!(first.came_of(id(1)) && !first.came_of(id(2)));
    }

    #[test]
    fn a_later_generation_is_named_by_the_first() {
        let third = Lineage { first_execution: Some(id(1)), ..chain(id(1).next().next(), 2) };
        assert_eq!(third.name(), id(1));
        assert!(third.came_of(id(1)) && third.came_of(id(1).next().next()) && !third.came_of(id(2)));
        assert!(!third.came_of(id(1).next()), "nothing names a generation in between");
    }

    #[test]
    fn the_first_generation_of_a_child_follows_from_its_parent() {
        let instance_id = InstanceId::new("p").unwrap();
        let parent = Parent { instance_id, execution_id: id(9), name: "p".into(), task: TaskId(3), attempt: 2 };
        let child = Lineage { parent: Some(&parent), ..chain(id(5), 4) };
        assert_eq!(child.first(), Some(id(9).child(TaskId(3), 2)));
        assert!(!child.came_of(id(9).child(TaskId(3), 1)), "another attempt is another chain");
    }

    #[test]
    fn a_chain_of_an_earlier_build_is_recognised_by_each_of_its_generations() {
        let ids: Vec<_> = std::iter::successors(Some(id(1)), |id| Some(id.next())).take(4).collect();
        let old = chain(ids[3], 3);
        assert_eq!((old.first(), old.name()), (None, ids[3]));
        assert!(ids.iter().all(|id| old.came_of(*id)));
        assert!(!old.came_of(ids[3].next()) && !old.came_of(id(2)));
        assert!(!old.is_known_as(ids[0]), "that would cost hashes");
    }
}
