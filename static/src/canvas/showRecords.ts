/** What a click on a wire's pill does: the records of a run, or the panel of a try on a sample. */

import { createContext, useContext } from "react";

export const ShowRecordsContext = createContext<(edge: string) => void>(() => undefined);
export const useShowRecords = () => useContext(ShowRecordsContext);
