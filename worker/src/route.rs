//! Which path means what.

/// One of the questions that the models answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Question {
    /// What kind of response the prospect gives next.
    ResponseType,
    /// Which stage the conversation goes to next.
    Stage,
    /// What the salesperson might say next.
    Suggestion,
    /// Which cluster the conversation moves to next.
    Direction,
    /// What each turn signals.
    Signals,
}

/// What a path leads to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Route {
    /// Leads to `/docs`.
    Home,
    /// A prediction.
    Predict(Question),
    /// Whether a conversation converts, or each of several.
    Conversion,
    /// Whether the edge can answer, and with which model.
    Health,
    /// The reference for people.
    Docs,
    /// The reference for programs.
    OpenApi,
}

/// Every path of the API.
pub(crate) const ROUTES: [(&str, Route); 10] = [
    ("/", Route::Home),
    ("/predict-prospect-response", Route::Predict(Question::ResponseType)),
    ("/predict-next-conversation-stage", Route::Predict(Question::Stage)),
    ("/suggest-sales-response", Route::Predict(Question::Suggestion)),
    ("/predict-conversation-direction", Route::Predict(Question::Direction)),
    ("/signals", Route::Predict(Question::Signals)),
    ("/predict", Route::Conversion),
    ("/health", Route::Health),
    ("/docs", Route::Docs),
    ("/openapi.json", Route::OpenApi),
];

impl Route {
    /// The route of a path; a slash at the end makes no difference.
    pub(crate) fn find(path: &str) -> Option<Self> {
        let path = if path.len() > 1 { path.trim_end_matches('/') } else { path };
        ROUTES.iter().find(|(known, _)| *known == path).map(|(_, route)| *route)
    }

    /// The methods it takes, as the `Allow` header names them.
    pub(crate) fn allow(self) -> &'static str {
        match self {
            Self::Predict(_) | Self::Conversion => "POST, OPTIONS",
            Self::Home | Self::Health | Self::Docs | Self::OpenApi => "GET, HEAD, OPTIONS",
        }
    }

    /// Whether `method` fits; `OPTIONS` is answered before this is asked.
    pub(crate) fn takes(self, method: &str) -> bool {
        match self {
            Self::Predict(_) | Self::Conversion => method == "POST",
            _ => matches!(method, "GET" | "HEAD"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_path_is_found_with_and_without_its_slash() {
        for (path, route) in ROUTES {
            assert_eq!(Route::find(path), Some(route));
            assert_eq!(Route::find(&format!("{path}/")).is_some(), path != "/", "{path}");
        }
        assert_eq!(Route::find("/predict-all"), None);
        assert_eq!(Route::find(""), None);
    }

    #[test]
    fn predictions_are_posted() {
        let predict = Route::Predict(Question::Stage);
        assert!(predict.takes("POST") && !predict.takes("GET"));
        assert!(Route::Health.takes("HEAD") && !Route::Health.takes("POST"));
    }
}
