import { Button, PasswordInput, Stack } from "@mantine/core";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";

import { api } from "../api/client";
import { ErrorBanner } from "../ui/parts";
import { Frame } from "./Frame";
import css from "./session.module.css";

export const SHORTEST = 10;

/** Old and new password. `onDone` is called after the server has taken the new one. */
export function PasswordForm({ act, onDone }: { act: string; onDone: () => void }) {
  const [old, setOld] = useState("");
  const [fresh, setFresh] = useState("");
  const [again, setAgain] = useState("");
  const [tried, setTried] = useState(false);
  const save = useMutation({
    mutationFn: () => api<null>("/api/session/password", { method: "POST", body: { old, new: fresh } }),
    onSuccess: () => {
      setOld("");
      setFresh("");
      setAgain("");
      setTried(false);
      onDone();
    },
  });
  const short = fresh.length < SHORTEST ? `Use at least ${SHORTEST} characters; ${fresh.length} so far.` : null;
  const differs = again !== fresh ? "The two new passwords differ." : null;
  return (
    <form
      onSubmit={(event) => {
        event.preventDefault();
        setTried(true);
        if (!short && !differs) save.mutate();
      }}
    >
      <Stack>
        <ErrorBanner error={save.error} />
        <PasswordInput
          label="Password until now"
          autoComplete="current-password"
          required
          value={old}
          onChange={(event) => setOld(event.currentTarget.value)}
        />
        <PasswordInput
          label="New password"
          description={`At least ${SHORTEST} characters. A sentence is easier to remember than a riddle.`}
          autoComplete="new-password"
          required
          error={tried ? short : null}
          value={fresh}
          onChange={(event) => setFresh(event.currentTarget.value)}
        />
        <PasswordInput
          label="New password again"
          autoComplete="new-password"
          required
          error={tried && !short ? differs : null}
          value={again}
          onChange={(event) => setAgain(event.currentTarget.value)}
        />
        <Button type="submit" loading={save.isPending}>
          {act}
        </Button>
      </Stack>
    </form>
  );
}

/** Shown before anything else while the password is one that somebody else has set. */
export function ForcedPassword({ onSignOut }: { onSignOut: () => void }) {
  const client = useQueryClient();
  return (
    <Frame>
      <div className={css.form}>
        <h1>Choose your own password</h1>
        <p>The one you signed in with was set for you. Only you should know the next one.</p>
        <PasswordForm act="Save and go on" onDone={() => void client.invalidateQueries({ queryKey: ["session"] })} />
        <Button variant="subtle" color="gray" onClick={onSignOut}>
          Sign out instead
        </Button>
      </div>
    </Frame>
  );
}
