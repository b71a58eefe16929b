import { Button, CopyButton } from "@mantine/core";

import css from "./settings.module.css";

/** Something that is shown this one time: a first password, a token. */
export function Once({ what, text, onDone }: { what: string; text: string; onDone: () => void }) {
  return (
    <div className={css.once} role="status">
      <p>{what} It is shown only now.</p>
      <code>{text}</code>
      <CopyButton value={text}>
        {({ copied, copy }) => (
          <Button size="compact-sm" onClick={copy}>
            {copied ? "Copied" : "Copy"}
          </Button>
        )}
      </CopyButton>
      <Button size="compact-sm" variant="default" onClick={onDone}>
        I have kept it
      </Button>
    </div>
  );
}
