import { Button } from "@mantine/core";

import css from "./library.module.css";

interface Props {
  act: string;
  name: string;
  loading: boolean;
  onAct: () => void;
  close: () => void;
}

/** The end of a dialog that gives something a name. */
export function NamingFoot({ act, name, loading, onAct, close }: Props) {
  return (
    <div className={css.foot}>
      <Button disabled={!name.trim()} loading={loading} onClick={onAct}>
        {act}
      </Button>
      <Button variant="default" onClick={close}>
        Cancel
      </Button>
    </div>
  );
}
