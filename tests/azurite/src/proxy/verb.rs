//! What requests ask for.

/// What a request asks for, in the words of the service's documentation where it has one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Verb {
    /// Table: several entities at once, all or none.
    EntityGroupTransaction,
    /// Table.
    InsertEntity,
    /// Table: a replacement without a condition.
    InsertOrReplaceEntity,
    /// Table: a merge without a condition.
    InsertOrMergeEntity,
    /// Table: a replacement with a condition.
    UpdateEntity,
    /// Table: a merge with a condition, by whichever of its three methods.
    MergeEntity,
    /// Table.
    DeleteEntity,
    /// Table: one entity by its keys.
    GetEntity,
    /// Table: a page of entities.
    QueryEntities,
    /// Table.
    CreateTable,
    /// Table.
    DeleteTable,
    /// Table: names of tables.
    QueryTables,
    /// Queue.
    PutMessage,
    /// Queue: takes messages.
    GetMessages,
    /// Only in counts: a [`GetMessages`](Self::GetMessages) that was answered with no message.
    EmptyGetMessages,
    /// Queue.
    PeekMessages,
    /// Queue: new text or visibility.
    UpdateMessage,
    /// Queue.
    DeleteMessage,
    /// Queue: removes all messages.
    ClearMessages,
    /// Queue.
    CreateQueue,
    /// Queue.
    DeleteQueue,
    /// Queue: about how many messages there are.
    GetQueueMetadata,
    /// Queue: names of queues.
    ListQueues,
    /// Blob.
    PutBlob,
    /// Blob: a part of a large one.
    PutBlock,
    /// Blob: makes the parts one.
    PutBlockList,
    /// Blob.
    GetBlob,
    /// Blob: all but its content.
    GetBlobProperties,
    /// Blob.
    DeleteBlob,
    /// Blob: a lease on a blob, whatever is done to it.
    LeaseBlob,
    /// Blob.
    CreateContainer,
    /// Blob.
    DeleteContainer,
    /// Blob.
    GetContainerProperties,
    /// Blob: names in a container.
    ListBlobs,
    /// Blob: names of containers.
    ListContainers,
    /// Anything else.
    Other,
}
