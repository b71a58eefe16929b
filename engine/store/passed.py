"""Which batches a flow has worked through, for looking again at what they held. Nothing here changes anything."""

from sqlmodel import Session, col, select

from engine.store.lanes import StagedBatch
from engine.store.runs import Run


def batches(
    session: Session, flow_id: str, limit: int, since: float = 0.0
) -> list[tuple[str, int, int, int]]:
    """(run, version, lane, number) of the newest finished batches of real runs since then, newest run first."""
    query = (
        select(Run.id, Run.version_id, StagedBatch.lane, StagedBatch.number)
        .join(Run, col(Run.id) == col(StagedBatch.run_id))
        .where(
            Run.flow_id == flow_id,
            col(Run.created_at) >= since,
            col(Run.mode).in_(("live", "dry-run")),
            col(StagedBatch.state) == "done",
        )
        .order_by(col(Run.id).desc(), col(StagedBatch.lane), col(StagedBatch.number).desc())
        .limit(limit)
    )
    return [(run, version, lane, number) for run, version, lane, number in session.exec(query)]
