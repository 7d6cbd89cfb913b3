"""Results on disk, and the only way to them: a cell is `samples.parquet` (a row a response) beside `run.json`.

`run_record.py` says what run.json holds, `formats.py` reads earlier ones, `cells.py` reads and writes cells and the
trust cards of judges.
Knows no task, no model and no page.
"""

from proctor.harness.record.cells import (
    STATUSES,
    Cell,
    Sample,
    Status,
    cell_folder,
    cells,
    lock,
    measurements_from,
    read,
    read_cards,
    schema,
    set_aside,
    table_of,
    variants,
    write,
    write_card,
    write_run,
    write_table,
)
from proctor.harness.record.devices import DeviceRecord, Devices, DeviceTest, read_devices, write_device
from proctor.harness.record.run_record import (
    NOT_TOLD,
    BaseRecord,
    CostRecord,
    DecideRecord,
    Definition,
    GgufRecord,
    GroupRecord,
    HardwareRecord,
    ItemsByKind,
    Kind,
    Look,
    Measurements,
    MergeRecord,
    OriginRecord,
    OverlapRecord,
    PlannedRecord,
    RunRecord,
    SolverRecord,
    StageRecord,
    TaskRecord,
    VariantRecord,
    difference,
    fields_of,
)

__all__ = [
    "NOT_TOLD", "STATUSES", "BaseRecord", "Cell", "CostRecord", "DecideRecord", "Definition", "DeviceRecord",
    "DeviceTest", "Devices", "GgufRecord", "GroupRecord", "HardwareRecord", "ItemsByKind", "Kind", "Look",
    "Measurements", "MergeRecord", "OriginRecord", "OverlapRecord", "PlannedRecord", "RunRecord", "Sample",
    "SolverRecord", "StageRecord", "Status", "TaskRecord", "VariantRecord", "cell_folder", "cells", "difference",
    "fields_of", "lock", "measurements_from", "read", "read_cards", "read_devices", "schema", "set_aside", "table_of",
    "variants", "write", "write_card", "write_device", "write_run", "write_table",
]  # fmt: skip
