/** The frame of every screen: who is signed in, the navigation, and the screen itself. */

import { lazy, Suspense, useEffect, useState } from "react";
import { Outlet, useMatch } from "react-router";

import { useSession, useSignOut } from "../api/queries";
import { ForcedPassword } from "../session/ChangePassword";
import { SignIn } from "../session/SignIn";
import { ErrorBanner, Page, Rows } from "../ui/parts";
import { Shell } from "../ui/Shell";

const FindDialog = lazy(async () => ({ default: (await import("../timeline/FindDialog")).FindDialog }));

export function Root() {
  const session = useSession();
  const signOut = useSignOut();
  const editing = useMatch("/flows/:slug/*") !== null;
  const [finding, setFinding] = useFinding(editing);
  if (session.isPending) return null;
  if (session.isError) {
    return (
      <Page title="Heddle">
        <ErrorBanner error={session.error} retry={() => void session.refetch()} />
      </Page>
    );
  }
  const { user, demo } = session.data;
  if (!user) return <SignIn demo={demo} />;
  if (user.must_change_password) return <ForcedPassword onSignOut={() => signOut.mutate()} />;
  return (
    <Shell user={user} demo={demo} slim={editing} onFind={() => setFinding(true)} onSignOut={() => signOut.mutate()}>
      <Suspense fallback={<Rows />}>
        <Outlet />
      </Suspense>
      {finding ? (
        <Suspense fallback={null}>
          <FindDialog onClose={() => setFinding(false)} />
        </Suspense>
      ) : null}
    </Shell>
  );
}

/** Whether the search is open. Ctrl K opens it everywhere but in the editor, where the keys are the commands'. */
function useFinding(editing: boolean) {
  const state = useState(false);
  const [, setFinding] = state;
  useEffect(() => {
    const pressed = (event: KeyboardEvent) => {
      if (editing || event.defaultPrevented || event.key.toLowerCase() !== "k" || !(event.ctrlKey || event.metaKey)) return;
      event.preventDefault();
      setFinding(true);
    };
    window.addEventListener("keydown", pressed);
    return () => window.removeEventListener("keydown", pressed);
  }, [editing, setFinding]);
  return state;
}
