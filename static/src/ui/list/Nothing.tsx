import { Button } from "@mantine/core";
import type { Icon } from "@tabler/icons-react";
import type { ReactNode } from "react";

import { EmptyState } from "../parts";

interface Props {
  icon: Icon;
  filtered: boolean;
  clear: () => void;
  /** What the button says that takes the filters away. */
  all?: string;
  /** [where filters hide everything, where there is nothing at all] */
  titles: [string, string];
  texts: [string, string];
  /** What to do where there is nothing at all. */
  act?: ReactNode;
}

/** In place of the rows of a list that has none. */
export function Nothing({ icon, filtered, clear, all = "Show all", titles, texts, act }: Props) {
  const which = filtered ? 0 : 1;
  return (
    <EmptyState
      icon={icon}
      title={titles[which]}
      act={
        filtered ? (
          <Button variant="default" onClick={clear}>
            {all}
          </Button>
        ) : (
          act
        )
      }
    >
      {texts[which]}
    </EmptyState>
  );
}
