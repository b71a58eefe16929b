/** Icons by the name that a node type carries; a type with a name that is not here gets the glyph of its kind. */

import {
  IconArrowsJoin,
  IconArrowsJoin2,
  IconArrowsSplit2,
  IconBolt,
  IconClock,
  IconDatabaseExport,
  IconDatabaseImport,
  IconFilter,
  IconGavel,
  IconGitBranch,
  IconHandClick,
  IconListSearch,
  IconPlayerPlay,
  IconQuestionMark,
  IconRefreshDot,
  IconScale,
  IconSwitch3,
  IconTable,
  IconTransform,
  IconUserCheck,
  IconWebhook,
  type Icon,
} from "@tabler/icons-react";

import type { Group, NodeType } from "../model/flow";

const named: Record<string, Icon> = {
  approve: IconUserCheck,
  bolt: IconBolt,
  branch: IconGitBranch,
  "arrows-join-2": IconArrowsJoin2,
  changes: IconRefreshDot,
  clock: IconClock,
  dedupe: IconArrowsJoin,
  download: IconDatabaseExport,
  filter: IconFilter,
  gavel: IconGavel,
  hand: IconHandClick,
  lookup: IconListSearch,
  manual: IconPlayerPlay,
  map: IconTransform,
  merge: IconArrowsJoin,
  play: IconPlayerPlay,
  precedence: IconScale,
  read: IconDatabaseExport,
  refresh: IconRefreshDot,
  rules: IconGavel,
  schedule: IconClock,
  search: IconListSearch,
  split: IconArrowsSplit2,
  switch: IconSwitch3,
  table: IconTable,
  upload: IconDatabaseImport,
  webhook: IconWebhook,
  write: IconDatabaseImport,
};

const ofGroup: Record<Group, Icon> = {
  trigger: IconBolt,
  read: IconDatabaseExport,
  shape: IconTransform,
  decide: IconGitBranch,
  write: IconDatabaseImport,
};

export const groupTitles: Record<Group, string> = {
  trigger: "Start",
  read: "Read",
  shape: "Shape",
  decide: "Decide",
  write: "Write",
};

export function glyphOf(type: NodeType | undefined): Icon {
  if (!type) return IconQuestionMark;
  return named[type.glyph] ?? named[type.type] ?? ofGroup[type.group];
}

